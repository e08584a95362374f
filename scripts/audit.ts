/**
 * Known vulnerabilities of what is published: the packages that the bundle contains, with all
 * that npm installs beside them left out. (`dependencies` in package.json is empty, because
 * everything is bundled; `npm audit --omit=dev` in this folder would look at nothing.)
 *
 * Exit status 1 for a finding, 3 when the registry could not be asked.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled, writeProject } from './bundle-project.js';

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
