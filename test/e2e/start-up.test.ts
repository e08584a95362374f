import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageOfPart } from '../../scripts/build/parts.js';
import { jobserv } from './jobserv.js';

interface Input {
  imports: { path: string; kind: string; external?: boolean }[];
}

const { inputs } = JSON.parse(readFileSync('build/bundle.json', 'utf8')) as { inputs: Record<string, Input> };

/** Packages that starting a command evaluates before it has decided anything: not those of `import()`, nor lazy ones. */
function packagesAtStart(command: string): Set<string> {
  const files = ['src/cli/start.ts', `src/commands/${command}.ts`];
  const packages = new Set<string>();
  for (const file of files) {
    const name = packageOfPart(file) ?? /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
    if (name) packages.add(name);
    for (const { path, kind } of inputs[file]?.imports ?? []) {
      if (kind !== 'dynamic-import' && !path.startsWith('vendor:') && !files.includes(path)) files.push(path);
    }
  }
  return packages;
}

describe('start-up', () => {
  it('of validate loads the CLI framework, what reads scripts, and nothing else', () => {
    const packages = packagesAtStart('validate');
    expect(packages).toContain('@oclif/core');
    const allowed = new Set(['@oclif/core', 'get-package-type', 'is-wsl', 'fastest-levenshtein', 'unbash']);
    expect([...packages].filter((name) => !allowed.has(name))).toEqual([]);
  });

  it.each(['validate', 'list', 'schema', 'rundef/create'])(
    'of %s loads no engine, no HTTP client, no prompts',
    (command) => {
      const packages = packagesAtStart(command);
      const heavy = ['dockerode', 'docker-modem', 'undici', '@inquirer/prompts', 'ora', 'chalk', 'ejs', 'semver'];
      expect(heavy.filter((name) => packages.has(name))).toEqual([]);
    },
  );
});

it('keeps compiled code: two starts of a command add to it, later ones leave it alone', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'jobserv-e2e-code-'));
  const folder = join(cache, 'jobserv-code');
  const old = join(folder, 'schema-v1-x64-1-1');
  mkdirSync(folder);
  writeFileSync(old, 'of a version that is gone');
  const starts: string[][] = [];
  for (let start = 0; start < 3; start++) {
    expect((await jobserv(['schema'], { env: { XDG_CACHE_HOME: cache } })).status).toBe(0);
    starts.push(readdirSync(folder).map((name) => `${readFileSync(join(folder, name)).at(-1)}`));
  }
  expect(starts).toEqual([['2'], ['4'], ['4']]);
  expect((await jobserv(['shcema'], { env: { XDG_CACHE_HOME: cache } })).status).toBe(2);
  expect((await jobserv([], { env: { XDG_CACHE_HOME: cache } })).status).toBe(0);
  const kept = readdirSync(folder).map((name) => name.replace(/-v\d.*/, ''));
  expect(kept.sort()).toEqual(['other', 'schema']);
});

it('keeps more of a command that has told mistakes only', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'jobserv-e2e-code-'));
  const folder = join(cache, 'jobserv-code');
  const added: number[] = [];
  const hello = resolve('examples/projects/hello.yml');
  for (const file of ['/nowhere.yml', '/nowhere.yml', hello, hello]) {
    await jobserv(['list', file], { env: { XDG_CACHE_HOME: cache } });
    const [name = ''] = readdirSync(folder);
    added.push(readFileSync(join(folder, name)).at(-1) ?? 0);
  }
  expect(added).toEqual([1, 2, 4, 4]);
});

it.each([
  ['a page was never written', (code: Buffer) => code.fill(0, 40_960, 45_056)],
  ['the end was never written', (code: Buffer) => code.subarray(0, 100_000)],
  ['nothing was', () => Buffer.alloc(0)],
])('starts, and keeps code anew, where of what was kept %s', async (_, damaged) => {
  const cache = mkdtempSync(join(tmpdir(), 'jobserv-e2e-code-'));
  const schema = () => jobserv(['schema'], { env: { XDG_CACHE_HOME: cache } });
  await schema();
  const [name = ''] = readdirSync(join(cache, 'jobserv-code'));
  const path = join(cache, 'jobserv-code', name);
  const whole = readFileSync(path);
  writeFileSync(path, damaged(Buffer.from(whole)));
  expect(await schema()).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(path).length).toBeGreaterThan(whole.length / 2);
  expect(readFileSync(path).at(-1)).toBe(2);
});
