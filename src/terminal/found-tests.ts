/** What a server would read from a console, for people: each test, its results, and their lines. */
import { plainLine, plural } from '../lib/index.js';
import type { FoundResult, FoundTest, GreppingCheck } from '../simulator/results.js';
import type { Style } from './style.js';

const LONGEST = 100;

/** Ends with a newline. */
export function renderFoundTests(check: GreppingCheck, style: Style): string {
  const lines: string[] = [];
  const widest = Math.max(0, ...check.tests.flatMap(({ results }) => results.map(({ name }) => nameOf(name).length)));
  for (const test of check.tests) {
    lines.push(`${statusOf(test.status, style)}  ${style.bold(nameOf(test.name))}${place(test, style)}`);
    for (const result of test.results) {
      lines.push(`  ${statusOf(result.status, style)}  ${nameOf(result.name).padEnd(widest)}${place(result, style)}`);
    }
  }
  if (lines.length > 0) lines.push('');
  for (const { line, message } of check.troubles) {
    lines.push(`${style.yellow('Warning:')} ${line === null ? '' : `line ${line}: `}${plainLine(message)}.`);
  }
  lines.push(countsOf(check));
  return `${lines.join('\n')}\n`;
}

function place({ line, text }: FoundResult | FoundTest, style: Style): string {
  if (line === null || text === null) return style.dim('  before any line that opens a test');
  const shown = plainLine(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
  return style.dim(`  ${line}: ${shown}`);
}

function countsOf({ tests, status, lines, console }: GreppingCheck): string {
  const results = tests.reduce((sum, test) => sum + test.results.length, 0);
  const where = plainLine(console);
  const read = plural(lines, 'line');
  if (tests.length === 0) return `Nothing in the ${read} of ${where} matches: the server would record no test.`;
  const verdict = status === 'FAILED' ? 'the server would fail the run' : 'the server would not fail the run for them';
  return `${plural(tests.length, 'test')} with ${plural(results, 'result')} in the ${read} of ${where}: ${verdict}.`;
}

function statusOf(status: string, style: Style): string {
  const word = plainLine(status).padEnd(7);
  if (status === 'PASSED') return style.green(word);
  return status === 'FAILED' ? style.red(word) : style.yellow(word);
}

const nameOf = (name: string) => plainLine(name) || '(no name)';
