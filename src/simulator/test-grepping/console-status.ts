/** What a status read from a console by test-grepping has to be. */
import { RESULT_STATUSES, UNFINISHED_STATUSES } from '../../schema/model.js';

/** Names that the server has for the status of a result; any other ends in an error of its own. */
const STATUSES = new Set([...RESULT_STATUSES, ...UNFINISHED_STATUSES]);

/** What is wrong with it, a clause; undefined when the server knows it. */
export function unknownStatus(status: string): string | undefined {
  if (STATUSES.has(status)) return undefined;
  return `the server knows no status ${JSON.stringify(status)} and cannot end the run: map it to PASSED, FAILED or SKIPPED in fixupdict`;
}
