import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AccessRequest, openServers } from '../../../src/simulator/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';

/** A configuration folder with this servers.toml. */
function configured(text?: string, mode = 0o600): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-servers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'jobserv'));
  if (text !== undefined) {
    const file = join(folder, 'jobserv', 'servers.toml');
    writeFileSync(file, text);
    chmodSync(file, mode);
  }
  return { XDG_CONFIG_HOME: folder };
}

/** The headers that a server gets, of a client that was opened for it. */
async function headersSent(
  given: (url: string) => { request: AccessRequest; opened?: string[] },
): Promise<Record<string, string>> {
  const { url, asked } = await fakeServer((_, response) => sendJson(response, {}));
  const { request, opened = [`${url}/projects/p/builds/1/runs/r/`] } = given(url);
  const { http } = await openServers(opened, request);
  onTestFinished(() => http.close());
  await http.send({ method: 'GET', url: `${url}/x`, what: 'look' });
  return asked[0]?.headers ?? {};
}

const failing = (request: AccessRequest, addresses = ['https://ci.example.org/x']) => openServers(addresses, request);

describe('who asks', () => {
  it('is said by flags, as a token, a JWT, or a header of another name', async () => {
    const sent = (token: string) =>
      headersSent(() => ({ request: { token, headers: ['X-Api-Key:  abc '], env: configured() } }));
    expect(await sent('key')).toMatchObject({ authorization: 'Token key', 'x-api-key': 'abc' });
    expect(await sent('aaa.bbb.ccc')).toMatchObject({ authorization: 'Bearer aaa.bbb.ccc' });
    expect(await sent('Basic dTpw')).toMatchObject({ authorization: 'Basic dTpw' });
  });

  it('is said by the environment', async () => {
    const env = { ...configured(), JOBSERV_TOKEN: 'key', JOBSERV_HEADER: 'A: 1\n\nB: 2\n' };
    expect(await headersSent(() => ({ request: { env } }))).toMatchObject({
      authorization: 'Token key',
      a: '1',
      b: '2',
    });
  });

  it("is said by the server's entry, which wins over the environment; a flag wins over it", async () => {
    const entry = (url: string) => `[servers."${url}"]\ntoken = "entry"\nheaders = ["X-One: entry", "X-Two: entry"]\n`;
    const sent = await headersSent((url) => ({
      request: { headers: ['x-two: flag'], env: { ...configured(entry(url)), JOBSERV_TOKEN: 'env' } },
    }));
    expect(sent).toMatchObject({ authorization: 'Token entry', 'x-one': 'entry', 'x-two': 'flag' });
  });

  it('is said to no other server', async () => {
    const sent = await headersSent(() => ({
      request: { token: 'key', env: configured('[servers."https://other.example.org"]\ntoken = "x"\n') },
      opened: ['https://ci.example.org/'],
    }));
    expect(sent).not.toHaveProperty('authorization');
  });

  it('of two servers is said by their entries only', async () => {
    const two = ['https://a.example.org/x', 'https://b.example.org/x'];
    await expect(failing({ token: 'key', env: configured() }, two)).rejects.toThrow(
      'The runs are on https://a.example.org and https://b.example.org, and one token or header would go to each',
    );
    const { http } = await failing({ env: configured() }, two);
    await http.close();
  });
});

describe('what is refused, without its value', () => {
  it.each([
    [{ headers: ['sekret'] }, "A header of --header is not of the form 'Name: value'"],
    [{ headers: ['X-A: sekret\r\nX-B: 1'] }, 'A header of --header'],
    [{ token: 'sek\nret' }, 'The token of --token cannot be sent'],
    [{ token: ' ' }, 'The token of --token cannot be sent'],
  ])('%j', async (request, message) => {
    const refused = failing({ ...request, env: configured() });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow('sek');
  });

  it('an address with a password in it', async () => {
    const refused = failing({ env: configured() }, ['https://me:sekret@ci.example.org/x']);
    await expect(refused).rejects.toThrow(
      'The address https://ci.example.org/x was given with a user or password in it',
    );
  });

  it.each([
    ['[servers."https://h"]\ntoken = "sekret', 'is no TOML: line 2, column'],
    ['token = "sekret"', 'holds something else than [servers."https://ci.example.org"]'],
    ['[servers.h]\ntoken = "sekret"', 'its name is no address'],
    ['[servers."https://h"]\ntokn = "sekret"', '"tokn" is not a key; the keys are token, headers, web'],
    ['[servers."https://h"]\ntoken = ["sekret"]', 'its token is no text'],
    ['[servers."https://h"]\nheaders = "A: sekret"', 'its headers are no list'],
    ['[servers."https://h"]\nweb = "https://h/x"', 'its web is no address with {project}'],
    ['[servers]\n"https://h" = "sekret"', 'it is no table'],
  ])('the file %j', async (text, message) => {
    const refused = failing({ env: configured(text) });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow('sekret');
  });

  it('a file that is a pipe or a device', async () => {
    const env = configured();
    const path = join(env['XDG_CONFIG_HOME'] ?? '', 'jobserv', 'servers.toml');
    execFileSync('mkfifo', ['-m', '600', path]);
    await expect(failing({ env })).rejects.toThrow('cannot be read: it is a named pipe');
    rmSync(path);
    symlinkSync('/dev/zero', path);
    await expect(failing({ env })).rejects.toThrow('cannot be read: it is a device');
  });

  it.each([0o644, 0o640, 0o602])('a file of mode %o', async (mode) => {
    await expect(failing({ env: configured('', mode) })).rejects.toThrow(
      /others on this host may read or change it.*chmod 600/,
    );
  });
});
