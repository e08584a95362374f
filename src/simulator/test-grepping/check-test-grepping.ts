import { UsageError } from '../../lib/errors.js';
import { PatternError } from '../../python/regex/python-regex.js';
import type { Test, TestGrepping, TestResult } from '../../schema/model.js';
import { type FoundLine, TestGrepper } from '../../schema/test-grepper.js';
import { unknownStatus } from './console-status.js';

/** What a server would read from a console with a run's `test-grepping`, line by line (SPEC 7). */

export interface FoundResult extends TestResult {
  line: number;
  text: string;
}

export interface FoundTest extends Omit<Test, 'results'> {
  /** The line that opened it; null of `default`, which no line opens. */
  line: number | null;
  text: string | null;
  results: FoundResult[];
}

/** Something in the console on which the server would fail to end the run. */
export interface Trouble {
  /** null where it is not known. */
  line: number | null;
  message: string;
}

export interface GreppingCheck {
  version: 1;
  /** Whose patterns they are: a run, or its address. */
  run: string;
  /** Where the console is from. */
  console: string;
  /** FAILED where the server would fail the run for what it reads. */
  status: 'PASSED' | 'FAILED';
  /** How many lines the console has. */
  lines: number;
  tests: FoundTest[];
  troubles: Trouble[];
  /** Against what the server recorded, where there is such a run and it has ended. */
  server?: { agrees: boolean; tests: Test[]; differences: Disagreement[] };
}

/**
 * @param recorded the server's tests of this run, where they are known
 * @throws UsageError for patterns that cannot be evaluated; what the console throws
 */
export async function checkTestGrepping(
  names: { run: string; console: string },
  grepping: TestGrepping,
  console: AsyncIterable<Uint8Array>,
  recorded: Test[] | undefined,
): Promise<GreppingCheck> {
  const found: FoundLine[] = [];
  const grepper = grepperFor(names.run, grepping, (line) => found.push(line));
  const utf8 = new Utf8Check();
  for await (const chunk of console) {
    grepper.write(chunk);
    utf8.write(chunk);
  }
  const read = grepper.end();
  utf8.end();
  const tests = testsOf(read, found);
  const failed = tests.some(({ results }) => results.some(({ status }) => status === 'FAILED'));
  const differences = recorded && disagreements(read, recorded, grepping);
  return {
    version: 1,
    ...names,
    status: failed ? 'FAILED' : 'PASSED',
    lines: grepper.lines,
    tests,
    troubles: [...troublesOf(tests), ...utf8.troubles],
    ...(recorded && differences ? { server: { agrees: differences.length === 0, tests: recorded, differences } } : {}),
  };
}

function grepperFor(run: string, grepping: TestGrepping, onFound: (found: FoundLine) => void): TestGrepper {
  try {
    return new TestGrepper(grepping, onFound);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new UsageError(`The test-grepping of ${run} cannot be evaluated. ${error.message}`);
  }
}

function testsOf(read: readonly Test[], found: readonly FoundLine[]): FoundTest[] {
  const opened = new Map(found.filter(({ result }) => result === undefined).map((one) => [one.test, one]));
  const made = new Map(found.map((one) => [one.result, one]));
  return read.map((test) => ({
    name: test.name,
    context: test.context,
    status: test.status,
    line: opened.get(test)?.line ?? null,
    text: opened.get(test)?.text ?? null,
    results: test.results.map((result) => ({
      ...result,
      line: made.get(result)?.line ?? 0,
      text: made.get(result)?.text ?? '',
    })),
  }));
}

function* troublesOf(tests: readonly FoundTest[]): Generator<Trouble> {
  for (const { results } of tests) {
    for (const { line, status } of results) {
      const message = unknownStatus(status);
      if (message !== undefined) yield { line, message };
    }
  }
}

/** The server reads the console as UTF-8, and no other bytes. */
class Utf8Check {
  readonly troubles: Trouble[] = [];
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  write(bytes: Uint8Array): void {
    this.#try(() => this.#decoder.decode(bytes, { stream: true }));
  }

  end(): void {
    this.#try(() => this.#decoder.decode());
  }

  #try(decode: () => void): void {
    if (this.troubles.length > 0) return;
    try {
      decode();
    } catch {
      const message = 'the console has bytes that are no UTF-8: the server cannot read it, and cannot end the run';
      this.troubles.push({ line: null, message });
    }
  }
}

/** Whether tests that were read here are those that a server recorded. */

export interface Disagreement {
  test: string;
  /** The result; undefined where the test itself is meant. */
  result?: string;
  /** Its status; null where it was not found. */
  here: string | null;
  server: string | null;
}

/** In the console's order; what only the server has comes last. Tests that the run sent itself (junit) do not count. */
function disagreements(read: readonly Test[], recorded: readonly Test[], grepping: TestGrepping): Disagreement[] {
  const pattern = grepping['test-pattern'] ?? null;
  const grepped = recorded.filter(({ name, context }) => (context === null ? name === 'default' : context === pattern));
  const theirs = byName(grepped);
  const found: Disagreement[] = [];
  for (const [name, ours] of byName(read)) {
    const others = theirs.get(name) ?? [];
    theirs.delete(name);
    for (let index = 0; index < Math.max(ours.length, others.length); index++) {
      found.push(...differing(name, ours[index], others[index], index === 0));
    }
  }
  for (const [name, others] of theirs) {
    for (const other of others) found.push({ test: name, here: null, server: other.status });
  }
  return found;
}

/** @param shown whether the server shows the results: of several tests of one name it does so for the first */
function differing(name: string, ours: Test | undefined, theirs: Test | undefined, shown: boolean): Disagreement[] {
  const found: Disagreement[] = [];
  if (ours?.status !== theirs?.status) {
    found.push({ test: name, here: ours?.status ?? null, server: theirs?.status ?? null });
  }
  if (ours === undefined || theirs === undefined || !shown) return found;
  for (let index = 0; index < Math.max(ours.results.length, theirs.results.length); index++) {
    const one = ours.results[index];
    const other = theirs.results[index];
    if (one?.name === other?.name && one?.status === other?.status) continue;
    if (one?.name !== other?.name && one !== undefined && other !== undefined) {
      found.push(only(name, one, 'here'), only(name, other, 'server'));
      // What follows is only shifted.
      break;
    }
    const result = one?.name ?? other?.name ?? '';
    found.push({ test: name, result, here: one?.status ?? null, server: other?.status ?? null });
  }
  return found;
}

function only(test: string, { name, status }: TestResult, where: 'here' | 'server'): Disagreement {
  return { test, result: name, here: where === 'here' ? status : null, server: where === 'server' ? status : null };
}

function byName(tests: readonly Test[]): Map<string, Test[]> {
  const named = new Map<string, Test[]>();
  for (const test of tests) named.set(test.name, [...(named.get(test.name) ?? []), test]);
  return named;
}
