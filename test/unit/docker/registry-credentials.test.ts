import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerConfig, findCredentials } from '../../../src/docker/index.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const REGISTRY = 'registry.example.org:5000';
const HUB = 'https://index.docker.io/v1/';

let folder: string;
type Config = Partial<DockerConfig>;
const find = (config: Config, registry = REGISTRY, helperMs = 10_000) =>
  findCredentials(
    registry,
    { auths: {}, credHelpers: {}, proxies: {}, ...config },
    {
      env: { PATH: `${folder}${delimiter}${process.env['PATH']}`, HELPER_ENV: 'seen' },
      helperMs,
    },
  );

/** Helpers are scripts, as a user may have them. */
const helper = async (name: string, script: string) => {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobserv-helpers-'));
  await helper(
    'echo',
    'read -r server || true; printf \'{"ServerURL":"%s","Username":"%s","Secret":"s-%s"}\' "$server" "$HELPER_ENV" "$1"',
  );
  await helper('server', 'read -r server || true; printf \'{"Username":"u","Secret":"%s"}\' "$server"');
  await helper('token', 'printf \'{"Username":"<token>","Secret":"tok"}\'');
  await helper('none', "echo 'credentials not found in native keychain'; exit 1");
  await helper('locked', "echo 'hunter2: keychain is locked'; exit 1");
  await helper('noise', 'echo hunter2');
  await helper('hangs', 'exec sleep 60');
  await helper('endless', 'exec yes hunter2');
  await helper('says', "echo hunter2; printf 'the vault is sealed\\n== 2026-01-01: forged\\n' >&2; exit 3");
  await helper('waits', "echo 'touch the key' >&2; sleep 60; true");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("credentials of the docker config's own", () => {
  it.each<[string, Config, object | undefined]>([
    ['nothing', {}, undefined],
    ['another registry', { auths: { 'other.example.org': { auth: base64('u:p') } } }, undefined],
    ['auth', { auths: { [REGISTRY]: { auth: base64('u:p:q') } } }, { username: 'u', password: 'p:q' }],
    ['auth padded with NULs', { auths: { [REGISTRY]: { auth: base64('u:p\0\0') } } }, { username: 'u', password: 'p' }],
    ['auth of an empty password', { auths: { [REGISTRY]: { auth: base64('u:') } } }, { username: 'u', password: '' }],
    ['auth that is none', { auths: { [REGISTRY]: { auth: base64('nothing') } } }, undefined],
    [
      'user and password',
      { auths: { [REGISTRY]: { username: 'u', password: 'p' } } },
      { username: 'u', password: 'p' },
    ],
    ['an empty entry', { auths: { [REGISTRY]: {} } }, undefined],
    [
      'an identity token',
      { auths: { [REGISTRY]: { auth: base64('u:'), identitytoken: 'tok' } } },
      { identitytoken: 'tok' },
    ],
    [
      'a URL as key',
      { auths: { [`https://${REGISTRY}/v1/`]: { auth: base64('u:p') } } },
      { username: 'u', password: 'p' },
    ],
  ])('%s', async (_, config, expected) => {
    expect(await find(config)).toEqual(expected && { ...expected, serveraddress: REGISTRY });
  });

  it("keeps the Hub's under its index", async () => {
    const config = { auths: { [HUB]: { auth: base64('u:p') }, 'docker.io': { auth: base64('no:no') } } };
    expect(await find(config, 'docker.io')).toEqual({ username: 'u', password: 'p', serveraddress: HUB });
  });
});

describe('credential helpers', () => {
  it('are asked for the server on stdin, with the environment of the user', async () => {
    expect(await find({ credsStore: 'echo' })).toEqual({
      username: 'seen',
      password: 's-get',
      serveraddress: REGISTRY,
    });
    expect(await find({ credsStore: 'server' }, 'docker.io')).toMatchObject({ password: HUB });
    expect(await find({ credsStore: 'server' })).toMatchObject({ password: REGISTRY });
  });

  it("of one registry go before the store, and the store before the file's own", async () => {
    const auths = { [REGISTRY]: { auth: base64('file:file') } };
    expect(await find({ auths, credsStore: 'echo', credHelpers: { [REGISTRY]: 'token' } })).toMatchObject({
      identitytoken: 'tok',
    });
    expect(await find({ auths, credsStore: 'echo', credHelpers: { other: 'token' } })).toMatchObject({
      username: 'seen',
    });
    expect(await find({ auths, credHelpers: { other: 'token' } })).toMatchObject({ username: 'file' });
  });

  it('may know nothing', async () => {
    expect(await find({ credsStore: 'none' })).toBeUndefined();
  });

  it.each([
    ['locked', 'docker-credential-locked failed (exit status 1)'],
    ['noise', 'docker-credential-noise did not answer with credentials'],
    ['missing', 'docker-credential-missing is not installed, or not on PATH'],
    ['endless', 'docker-credential-endless does not stop writing'],
    ['says', 'docker-credential-says failed (exit status 3): the vault is sealed == 2026-01-01: forged'],
    ['../evil', 'the docker config names "../evil" as credential helper, which is no such name'],
    ['a b', 'the docker config names "a b" as credential helper, which is no such name'],
  ])('%s is reported, with what it wrote to stderr, on one line, and nothing of its stdout', async (name, message) => {
    const failure = await find({ credsStore: name }).catch((error: Error) => error.message);
    expect(failure).toBe(message);
  });

  it('that hang are ended', async () => {
    await expect(find({ credsStore: 'hangs' }, REGISTRY, 200)).rejects.toThrow('did not end within 0.2 s');
    await expect(find({ credsStore: 'waits' }, REGISTRY, 500)).rejects.toThrow(
      'docker-credential-waits did not end within 0.5 s: touch the key',
    );
  });
});
