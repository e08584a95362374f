/**
 * Known vulnerabilities of what is published: the packages that the bundle contains, with all
 * that npm installs beside them left out. (`dependencies` in package.json is empty, because
 * everything is bundled; `npm audit --omit=dev` in this folder would look at nothing.)
 *
 * Exit status 1 for a finding, 3 when the registry could not be asked.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Lock {
  lockfileVersion: number;
  packages: Record<string, { version?: string; dev?: boolean; devOptional?: boolean }>;
}

const { packages: bundled } = JSON.parse(readFileSync('build/bundle.json', 'utf8')) as { packages: string[] };
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;

/** A package.json and lock file that have the bundled packages, and only them, as dependencies. */
function writeProject(folder: string): void {
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

const folder = mkdtempSync(join(tmpdir(), 'jobserv-audit-'));
writeProject(folder);
const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: folder, encoding: 'utf8' });
rmSync(folder, { recursive: true });

const answer = stdout ? JSON.parse(stdout) : {};
if (!answer.vulnerabilities) {
  console.error(
    `audit: NOT DONE. The registry could not be asked: ${answer.message ?? answer.error?.summary ?? stderr.trim()}`,
  );
  process.exit(3);
}
const findings = Object.values(
  answer.vulnerabilities as Record<string, { name: string; severity: string; range: string }>,
);
for (const { name, severity, range } of findings) console.error(`audit: ${severity}: ${name} ${range}`);
console.log(`audit: ${bundled.length} bundled packages, ${findings.length} with known vulnerabilities`);
process.exit(findings.length > 0 ? 1 : 0);
