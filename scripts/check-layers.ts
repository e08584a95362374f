/**
 * The layer rules of .dependency-cruiser.cjs over src/ and test/. Fails as well when a source
 * file was not looked at: a cruise that sees nothing finds nothing; and when two files export
 * a type of the same name: one name has one meaning.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { ICruiseResult } from 'dependency-cruiser';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** The tool's exit status counts findings; they are in its output too. */
function cruise(): ICruiseResult {
  const args = ['src', 'test', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  try {
    return JSON.parse(execFileSync('node_modules/.bin/depcruise', args, options));
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout?.startsWith('{')) throw error;
    return JSON.parse(stdout);
  }
}

const EXPORTED_TYPE = /^export (?:abstract )?(?:class|enum|interface|type) (\w+)/gm;

/** The types that more than one file exports, with the files. */
function sharedNames(): string[] {
  const places = new Map<string, string[]>();
  for (const file of files) {
    for (const [, name = ''] of readFileSync(`src/${file}`, 'utf8').matchAll(EXPORTED_TYPE)) {
      places.set(name, [...(places.get(name) ?? []), file]);
    }
  }
  return [...places].filter(([, at]) => at.length > 1).map(([name, at]) => `${name} in ${at.join(', ')}`);
}

const { modules, summary } = cruise();
const shared = sharedNames();
for (const name of shared) console.error(`two types of one name: ${name}`);
const seen = new Set(modules.map(({ source }) => source));
const missed = files.map((name) => `src/${name}`).filter((name) => !seen.has(name));
for (const { rule, from, to } of summary.violations) console.error(`${rule.severity} ${rule.name}: ${from} → ${to}`);
if (missed.length > 0) console.error(`not looked at: ${missed.join(', ')}`);
if (files.length === 0 || missed.length > 0 || shared.length > 0 || summary.error > 0) {
  console.error(`layers: ${summary.error} errors, ${missed.length} of ${files.length} modules not looked at`);
  process.exit(1);
}
console.log(`layers: ${files.length} modules, ${summary.totalDependenciesCruised ?? 0} dependencies, no errors`);
