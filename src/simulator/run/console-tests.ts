/** `test-grepping`: tests out of a run's console, as the server reads them when the run is over (SPEC 4). */
import type { RunDefinition, Test } from '../../schema/model.js';
import type { ConsoleReader } from './run-reporter.js';

export interface ConsoleTests extends ConsoleReader {
  /** The console is complete: the tests in it. */
  end(): Test[];
}

/** undefined for a run that has no `test-grepping`; the patterns' engine is loaded only for one that has. */
export async function openConsoleTests({
  'test-grepping': grepping,
}: RunDefinition): Promise<ConsoleTests | undefined> {
  if (!grepping) return undefined;
  const { TestGrepper } = await import('../../schema/test-grepper.js');
  return new TestGrepper(grepping);
}
