import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder that holds nothing but the packed and installed CLI. */
    installation: string;
    /** The package as npm packed it. */
    tarball: string;
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
  return () => rmSync(folder, { recursive: true, force: true });
}
