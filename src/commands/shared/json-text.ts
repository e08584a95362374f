import { UsageError } from '../../lib/errors.js';
import { escapeInJson } from '../../lib/sanitise.js';

/** What `--json` prints. @throws UsageError when it would be longer than a text can be */
export function jsonText(value: unknown): string {
  try {
    return escapeInJson(JSON.stringify(value, null, 2));
  } catch (error) {
    if (!(error instanceof RangeError && /string length/.test(error.message))) throw error;
    throw new UsageError(
      'The JSON of this output is longer than the 512 MB that one text can have. Select fewer runs, or split the definition.',
    );
  }
}
