import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder that holds nothing but the packed and installed CLI. */
    installation: string;
    /** The package as npm packed it. */
    tarball: string;
    /** Of Node, for each start of the command. */
    nodeOptions: string;
  }
}

/** Builds, packs, and installs into an empty folder without a network, once for all tests. */
export default function install(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-e2e-'));
  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [{ filename }] = JSON.parse(
    npm(project.config.root, 'pack', '--json', '--silent', '--pack-destination', folder),
  );
  npm(folder, 'install', '--offline', '--no-audit', '--no-fund', join(folder, filename));
  project.provide('installation', folder);
  project.provide('tarball', join(folder, filename));
  project.provide('nodeOptions', 'enableCompileCache' in module ? '' : compiled(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Starts each program once, so that all others begin from what it compiled. */
function compiled(folder: string): string {
  const file = join(folder, 'compile-cache.cjs');
  copyFileSync(new URL('compile-cache.cjs', import.meta.url), file);
  const options = `--require=${file}`;
  const env = { PATH: process.env['PATH'], HOME: folder, NODE_OPTIONS: options };
  for (const args of [
    ['validate', '-'],
    ['worker', 'run-one'],
  ])
    spawnSync(join(folder, 'node_modules/.bin/jobserv'), args, { cwd: folder, env, input: 'triggers: []\n' });
  return options;
}
