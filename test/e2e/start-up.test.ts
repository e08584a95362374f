import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageOfPart } from '../../scripts/build/parts.js';

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
