/**
 * The layer rules of .dependency-cruiser.cjs over all of src/. Fails as well when a source
 * file was not looked at: a cruise that sees nothing finds nothing.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { ICruiseResult } from 'dependency-cruiser';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** The tool's exit status counts findings; they are in its output too. */
function cruise(): ICruiseResult {
  const args = ['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  try {
    return JSON.parse(execFileSync('node_modules/.bin/depcruise', args, options));
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout?.startsWith('{')) throw error;
    return JSON.parse(stdout);
  }
}

const { modules, summary } = cruise();
const seen = new Set(modules.map(({ source }) => source));
const missed = files.map((name) => `src/${name}`).filter((name) => !seen.has(name));
for (const { rule, from, to } of summary.violations) console.error(`${rule.severity} ${rule.name}: ${from} → ${to}`);
if (missed.length > 0) console.error(`not looked at: ${missed.join(', ')}`);
if (files.length === 0 || missed.length > 0 || summary.error > 0) {
  console.error(`layers: ${summary.error} errors, ${missed.length} of ${files.length} modules not looked at`);
  process.exit(1);
}
console.log(`layers: ${files.length} modules, ${summary.totalDependenciesCruised ?? 0} dependencies, no errors`);
