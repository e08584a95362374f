import { describe, expect, it } from 'vitest';
import { isAddress, isBuildUrl, parseRunUrl, runByPattern } from '../../../src/server/index.js';

const RUN = 'https://ci.example.org/projects/acme/blinky/builds/7/runs/build/';

describe('an address of a run', () => {
  it.each([
    RUN,
    RUN.slice(0, -1),
    `${RUN}console.log`,
    `${RUN}.rundef.json`,
    `${RUN}.simulate.sh`,
    `${RUN}tests/`,
    `${RUN}sub/folder/a.img?x=y#z`,
    `${RUN}?version=v2`,
  ])('%s', (address) => {
    expect(parseRunUrl(address)).toEqual({
      url: RUN,
      server: 'https://ci.example.org',
      project: 'acme/blinky',
      build: 7,
      run: 'build',
    });
  });

  it('may be below a path, and have names that are escaped', () => {
    expect(parseRunUrl('http://h:8080/ci/projects/a%20b/builds/10/runs/x%2By')).toEqual({
      url: 'http://h:8080/ci/projects/a%20b/builds/10/runs/x%2By/',
      server: 'http://h:8080/ci',
      project: 'a b',
      build: 10,
      run: 'x+y',
    });
  });

  it.each([
    'https://ci.example.org/',
    'https://ci.example.org/projects/acme/builds/7/',
    'https://ci.example.org/projects/acme/builds/x/runs/build/',
    'https://ci.example.org/projects/acme/builds/7/runs/../../../../etc/',
    'https://ci.example.org/projects/acme/builds/7/runs/%zz/',
    'ftp://ci.example.org/projects/acme/builds/7/runs/build/',
    'ci/build',
  ])('is not %s', (text) => {
    expect(parseRunUrl(text)).toBeUndefined();
  });

  it('is told from names and files, and from that of a build', () => {
    expect(['HTTPS://x/', 'http://x', 'ci/build', './x.json'].map(isAddress)).toEqual([true, true, false, false]);
    expect(
      ['builds/7', 'builds/7/runs/', 'builds/7/runs/build'].map((path) => isBuildUrl(`http://h/projects/p/${path}`)),
    ).toEqual([true, true, false]);
  });
});

describe('a page of the front end', () => {
  const pattern = 'https://ci.example.org/{project}/{build}/{run}';

  it('that is known leads to its run by its address alone', () => {
    const run = runByPattern('https://ci.example.org/acme/blinky/7/build/?tab=log', 'https://api.example.org', pattern);
    expect(run?.url).toBe('https://api.example.org/projects/acme/blinky/builds/7/runs/build/');
    expect(
      runByPattern('https://elsewhere.org/acme/blinky/7/build', 'https://api.example.org', pattern),
    ).toBeUndefined();
    expect(runByPattern('https://ci.example.org/acme/7', 'https://api.example.org', pattern)).toBeUndefined();
  });
});
