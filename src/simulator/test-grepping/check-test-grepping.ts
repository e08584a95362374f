import { UsageError } from '../../lib/index.js';
import { PatternError } from '../../python/index.js';
import {
  type FoundLine,
  type Test,
  TestGrepper,
  type TestGrepping,
  type TestResult,
  type Trouble,
} from '../../schema/index.js';

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
  try {
    for await (const chunk of console) await grepper.write(chunk);
    const read = await grepper.end();
    const differences = recorded && disagreements(read.tests, recorded, grepping);
    return {
      version: 1,
      ...names,
      status: read.failed ? 'FAILED' : 'PASSED',
      lines: grepper.lines,
      tests: testsOf(read.tests, found),
      troubles: [...read.troubles, ...leftOut(read.more)],
      ...(recorded && differences && { server: { agrees: differences.length === 0, tests: recorded, differences } }),
    };
  } finally {
    await grepper.close();
  }
}

function leftOut(more: number): Trouble[] {
  return more === 0
    ? []
    : [{ line: null, message: `the console holds ${more} more tests and results than are listed` }];
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
  const [ours, theirs] = [statusesOf(read), statusesOf(grepped)];
  const found: Disagreement[] = [];
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const [here, server] = [ours.get(key) ?? null, theirs.get(key) ?? null];
    const [test, number, result] = JSON.parse(key);
    const isTestMissing =
      result !== undefined && !(ours.has(testKey(test, number)) && theirs.has(testKey(test, number)));
    if (here !== server && !isTestMissing) found.push({ test, ...(result !== undefined && { result }), here, server });
  }
  return found;
}

const testKey = (name: string, number: number) => JSON.stringify([name, number]);

/**
 * The status of each test and result. Several of one name are numbered; of such tests only the first one's results
 * count, for the server shows no others.
 */
function statusesOf(tests: readonly Test[]): Map<string, string> {
  const statuses = new Map<string, string>();
  for (const { name, status, results } of tests) {
    let number = 0;
    while (statuses.has(testKey(name, number))) number += 1;
    statuses.set(testKey(name, number), status);
    if (number > 0) continue;
    const times = new Map<string, number>();
    for (const result of results) {
      const time = times.get(result.name) ?? 0;
      times.set(result.name, time + 1);
      statuses.set(JSON.stringify([name, number, result.name, time]), result.status);
    }
  }
  return statuses;
}
