import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Output {
  inputs: Record<string, unknown>;
  imports: { path: string; kind: string; external?: boolean }[];
}

const { outputs } = JSON.parse(readFileSync('build/bundle.json', 'utf8')) as { outputs: Record<string, Output> };

/** Packages that starting a command loads before it has decided anything. */
function packagesAtStart(command: string): Set<string> {
  const files = ['dist/main.js', `dist/commands/${command}.js`];
  const packages = new Set<string>();
  for (const file of files) {
    for (const { path, kind, external } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && !external && !files.includes(path)) files.push(path);
    }
    for (const input of Object.keys(outputs[file]?.inputs ?? {})) {
      const name = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
      if (name) packages.add(name);
    }
  }
  return packages;
}

describe('start-up', () => {
  it('of validate loads the CLI framework and nothing else', () => {
    const packages = packagesAtStart('validate');
    expect(packages).toContain('@oclif/core');
    // Of the vendored ones there are only stubs, which load them at their first use.
    const allowed = new Set(['@oclif/core', 'get-package-type', 'is-wsl', 'fastest-levenshtein']);
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
