import { describe, expect, it } from 'vitest';
import { proxyEnvironment } from '../../../src/docker/proxies.js';

const SOCKET = 'unix:///var/run/docker.sock';

describe('proxyEnvironment', () => {
  it('is empty without proxies', () => {
    expect(proxyEnvironment({}, SOCKET)).toEqual([]);
    expect(proxyEnvironment({ proxies: {} }, SOCKET)).toEqual([]);
  });

  it('names each proxy in both cases; allProxy came after docker 20.10', () => {
    const all = {
      httpProxy: 'http://p:1',
      httpsProxy: 'https://p:2',
      ftpProxy: 'ftp://p:3',
      noProxy: 'a,b',
      allProxy: 's',
    };
    expect(proxyEnvironment({ proxies: { default: all } }, SOCKET)).toEqual([
      ...['HTTP_PROXY=http://p:1', 'http_proxy=http://p:1', 'HTTPS_PROXY=https://p:2', 'https_proxy=https://p:2'],
      ...['FTP_PROXY=ftp://p:3', 'ftp_proxy=ftp://p:3', 'NO_PROXY=a,b', 'no_proxy=a,b'],
    ]);
  });

  it("takes the entry of the engine's address alone, without the default's other keys", () => {
    const proxies = {
      default: { httpProxy: 'http://d', ftpProxy: 'ftp://d' },
      [SOCKET]: { httpProxy: 'http://s', noProxy: '' },
    };
    expect(proxyEnvironment({ proxies }, SOCKET)).toEqual(['HTTP_PROXY=http://s', 'http_proxy=http://s']);
    expect(proxyEnvironment({ proxies }, 'tcp://10.0.0.1:2375')).toContain('ftp_proxy=ftp://d');
  });

  it('passes over what is no text', () => {
    const proxies = { default: { httpProxy: 7, noProxy: ['a'] } };
    expect(proxyEnvironment({ proxies }, SOCKET)).toEqual([]);
  });

  it('does not take an inherited name for an address', () => {
    expect(proxyEnvironment({ proxies: { default: { httpProxy: 'p' } } }, 'constructor')).toEqual([
      'HTTP_PROXY=p',
      'http_proxy=p',
    ]);
  });
});
