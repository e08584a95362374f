import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDockerConfig, proxyEnvironment } from '../../../src/docker/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const SOCKET = 'unix:///var/run/docker.sock';

/** The config of a user who has written this. */
async function load(content: unknown) {
  const home = await scratchFolder();
  await mkdir(join(home, '.docker'));
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await writeFile(join(home, '.docker/config.json'), text);
  return loadDockerConfig({}, home);
}

/** `KEY=value` for a container on the engine at `address`. */
async function environment(content: unknown, address = SOCKET) {
  return proxyEnvironment((await load(content)).config, address);
}

describe('proxies of the docker config', () => {
  it('are none without an entry', async () => {
    expect(await environment({})).toEqual([]);
    expect(await environment({ proxies: {} })).toEqual([]);
    expect(await environment({ proxies: null })).toEqual([]);
  });

  it('name each proxy in both cases, as docker 28.2 does', async () => {
    const all = {
      httpProxy: 'http://p:1',
      httpsProxy: 'https://p:2',
      ftpProxy: 'ftp://p:3',
      noProxy: 'a,b',
      allProxy: 'socks5://z',
    };
    expect((await environment({ proxies: { default: all } })).sort()).toEqual(
      [
        ...['HTTP_PROXY=http://p:1', 'http_proxy=http://p:1', 'HTTPS_PROXY=https://p:2', 'https_proxy=https://p:2'],
        ...['FTP_PROXY=ftp://p:3', 'ftp_proxy=ftp://p:3', 'NO_PROXY=a,b', 'no_proxy=a,b'],
        ...['ALL_PROXY=socks5://z', 'all_proxy=socks5://z'],
      ].sort(),
    );
  });

  it.each([
    { proxies: { default: { HTTPProxy: 'p' } } },
    { Proxies: { default: { httpproxy: 'p' } } },
    { PROXIES: { default: { httpProxy: 'old', HTTPPROXY: 'p' } } },
  ])('are read in any case, as Go reads them: %j', async (content) => {
    expect(await environment(content)).toEqual(['HTTP_PROXY=p', 'http_proxy=p']);
  });

  it("take the entry of the engine's address alone, without the default's other keys", async () => {
    const proxies = {
      default: { httpProxy: 'http://d', ftpProxy: 'ftp://d' },
      [SOCKET]: { httpProxy: 'http://s', noProxy: '' },
    };
    expect(await environment({ proxies })).toEqual(['HTTP_PROXY=http://s', 'http_proxy=http://s']);
    expect(await environment({ proxies }, 'tcp://10.0.0.1:2375')).toContain('ftp_proxy=ftp://d');
  });

  it('do not take an inherited name for an address', async () => {
    const content = { proxies: { default: { httpProxy: 'p' } } };
    expect(await environment(content, 'constructor')).toEqual(['HTTP_PROXY=p', 'http_proxy=p']);
  });

  it.each([
    [{ proxies: { httpProxy: 'http://p' } }, /httpProxy has no effect there: write it into "proxies": \{"default"/],
    [{ httpProxy: 'http://p' }, /httpProxy has no effect at the top/],
    [{ proxies: { default: { httpProxy: 7 } } }, /"httpProxy" of proxies\["default"\] is no text/],
    [{ proxies: { default: 'http://p' } }, /"proxies\["default"\]" is no object/],
    [{ proxies: ['x'] }, /"proxies" is no object/],
  ])('that have no effect are reported: %j', async (content, problem) => {
    expect(await environment(content)).toEqual([]);
    expect((await load(content)).problem).toMatch(problem);
  });
});

describe('loadDockerConfig', () => {
  it.each([
    [{ auths: { x: null } }, undefined],
    [{ auths: null, credHelpers: null, credsStore: null }, undefined],
    [{ auths: { x: 7 } }, /"auths\["x"\]" is no object/],
    [{ auths: 7 }, /"auths" is no object/],
    [{ auths: { x: { auth: 7 } } }, /"auth" of auths\["x"\] is no text/],
    [{ credsStore: 7, currentContext: [] }, /"credsStore" is no text; "currentContext" is no text/],
    [{ credHelpers: { r: 7 } }, /"r" of credHelpers is no text/],
    ['[]', /is no JSON object/],
    ['7', /is no JSON object/],
    ['{"auths": {"x": {"auth": "c2VjcmV0', /is no JSON object/],
  ])('goes on with %j, and says what it could not use', async (content, problem) => {
    const loaded = await load(content);
    if (problem === undefined) expect(loaded.problem).toBeUndefined();
    else expect(loaded.problem).toMatch(problem);
    expect(loaded.problem ?? '').not.toContain('c2VjcmV0');
    expect(loaded.text).toBe(typeof content === 'string' ? content : JSON.stringify(content));
  });

  it('reads the other keys in any case too', async () => {
    const { config } = await load({ CredHelpers: { r: 'h' }, CREDSSTORE: 's', Auths: { r: { Auth: 'YTpi' } } });
    expect(config).toMatchObject({ credHelpers: { r: 'h' }, credsStore: 's', auths: { r: { auth: 'YTpi' } } });
  });

  it('goes on without a file that has no end', async () => {
    const home = await scratchFolder();
    await mkdir(join(home, '.docker'));
    await symlink('/dev/zero', join(home, '.docker', 'config.json'));
    const loaded = await loadDockerConfig({}, home);
    expect(loaded).toMatchObject({ config: { auths: {} }, problem: expect.stringContaining('it is a device') });
  });

  it('is empty without a file', async () => {
    const home = await scratchFolder();
    expect(await loadDockerConfig({}, home)).toMatchObject({ config: { auths: {}, credHelpers: {}, proxies: {} } });
  });
});
