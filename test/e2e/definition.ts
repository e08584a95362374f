/** A repository with a definition, a cache of its own, and what the engine has of its runs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testImage } from '../support/image.js';
import { folderWith } from './jobserv.js';

export interface World {
  cwd: string;
  cache: string;
  env: NodeJS.ProcessEnv;
}

/** One `simple` trigger, `manual`, with a run for each script. */
export async function definitionOf(scripts: Record<string, string>, run: object = {}): Promise<string> {
  const container = await testImage();
  const names = Object.keys(scripts);
  // JSON is YAML.
  return JSON.stringify({
    timeout: 5,
    scripts,
    triggers: [
      {
        name: 'manual',
        type: 'simple',
        runs: names.map((name) => ({ name, container, 'host-tag': 'any', script: name, ...run })),
      },
    ],
  });
}

export async function worldWith(scripts: Record<string, string>, run: object = {}): Promise<World> {
  return worldOf({ '.jobserv.yml': await definitionOf(scripts, run) });
}

export function worldOf(files: Record<string, string>): World {
  const cache = mkdtempSync(join(tmpdir(), 'jobserv-e2e-cache-'));
  const home = mkdtempSync(join(tmpdir(), 'jobserv-e2e-home-'));
  const host = process.env['DOCKER_HOST'];
  return {
    cwd: folderWith(files),
    cache: join(cache, 'jobserv'),
    env: { XDG_CACHE_HOME: cache, HOME: home, ...(host ? { DOCKER_HOST: host } : {}) },
  };
}

export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Every file below a folder: path → its bytes. */
export function filesBelow(folder: string, prefix = ''): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      for (const [name, bytes] of filesBelow(path, `${prefix}${entry.name}/`)) files.set(name, bytes);
    } else if (entry.isFile()) files.set(prefix + entry.name, readFileSync(path));
  }
  return files;
}

export function modeOf(path: string): string {
  const { mode }: Stats = statSync(path);
  return (mode & 0o777).toString(8);
}
