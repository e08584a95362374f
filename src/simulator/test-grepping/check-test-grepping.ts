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
}

/** @throws UsageError for patterns that cannot be evaluated; what the console throws */
export async function checkTestGrepping(
  names: { run: string; console: string },
  grepping: TestGrepping,
  console: AsyncIterable<Uint8Array>,
): Promise<GreppingCheck> {
  const found: FoundLine[] = [];
  const grepper = grepperFor(names.run, grepping, (line) => found.push(line));
  try {
    for await (const chunk of console) await grepper.write(chunk);
    const read = await grepper.end();
    return {
      version: 1,
      ...names,
      status: read.failed ? 'FAILED' : 'PASSED',
      lines: grepper.lines,
      tests: testsOf(read.tests, found),
      troubles: [...read.troubles, ...leftOut(read.more)],
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
