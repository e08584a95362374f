/** `test-grepping`: tests out of a run's console, as the server reads them when the run is over (SPEC 4). */
import { PatternError } from '../../python/regex/python-regex.js';
import type { RunDefinition } from '../../schema/model.js';
import { type GreppedTests, TestGrepper } from '../../schema/test-grepper.js';
import type { ConsoleReader } from './run-reporter.js';

export interface ConsoleTests extends ConsoleReader {
  /** The console is complete: the tests in it. */
  end(): Promise<GreppedTests>;
  /** Frees what it holds; for a run that did not come to its end. */
  close(): Promise<void>;
}

/** undefined for a run that has no `test-grepping`. A pattern that cannot be evaluated is a trouble of the run's end. */
export function openConsoleTests({ 'test-grepping': grepping }: RunDefinition): ConsoleTests | undefined {
  if (!grepping) return undefined;
  try {
    return new TestGrepper(grepping);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const message = error.isInvalid
      ? `${error.message} The server fails at it, and cannot end the run`
      : `${error.message} What the server would read is not known`;
    return {
      write: () => {},
      end: async () => ({ tests: [], failed: false, troubles: [{ line: null, message }], more: 0 }),
      close: async () => {},
    };
  }
}
