/** The packages that the published bundle contains, as an npm project of their own: the build has written which they are. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Lock {
  lockfileVersion: number;
  packages: Record<string, { version?: string; dev?: boolean; devOptional?: boolean }>;
}

export const { packages: bundled } = JSON.parse(readFileSync('build/bundle.json', 'utf8')) as { packages: string[] };
export const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;

/** A package.json and lock file that have the bundled packages, and only them, as dependencies. */
export function writeProject(folder: string): void {
  const dependencies: Record<string, string> = {};
  const packages: Lock['packages'] = {};
  for (const path of bundled) {
    const locked = lock.packages[path];
    if (!locked?.version) throw new Error(`${path} is in the bundle, but not in package-lock.json.`);
    const { dev: _dev, devOptional: _devOptional, ...entry } = locked;
    packages[path] = entry;
    if (path.lastIndexOf('node_modules/') === 0) dependencies[path.slice('node_modules/'.length)] = locked.version;
  }
  const project = { name: 'jobserv-bundle', version: '0.0.0', dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ ...project, lockfileVersion: lock.lockfileVersion, packages: { '': project, ...packages } }),
  );
}
