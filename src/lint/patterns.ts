import { type ParsedRegex, parseRegex, TooDeep } from '../python/regex/parse.js';
import { RegexFault } from '../python/regex/reader.js';
import { asObject, asText } from '../schema/values.js';
import type { CheckContext } from './context.js';

/*
 * `test-grepping` is compiled and matched by api/run.py `_failed_tests`, while the server answers the worker's report
 * that the run is over. What goes wrong there is a status 500: the run is not complete, and no later report, nor the
 * server's own for runs that are stuck, gets any further. `console-progress` is only handed out.
 */
export const NEVER_COMPLETE = 'the server fails at it when the run is over, and the run never becomes complete.';

export const NEEDED = {
  'test-pattern': ['name'],
  'result-pattern': ['name', 'result'],
  'progress-pattern': ['current', 'total'],
} as const;

interface Pattern {
  path: string;
  text: string;
  key: keyof typeof NEEDED;
}

/** An empty `test-pattern` counts as none. */
export function* patterns(context: CheckContext): Generator<Pattern> {
  for (const { path, run } of context.runs) {
    for (const [owner, keys] of [
      ['test-grepping', ['test-pattern', 'result-pattern']],
      ['console-progress', ['progress-pattern']],
    ] as const) {
      for (const key of keys) {
        const text = asText(asObject(run[owner])?.[key]);
        if (text === undefined || (text === '' && key === 'test-pattern')) continue;
        yield { path: `${path}/${owner}/${key}`, text, key };
      }
    }
  }
}

/** Undefined where nothing can be said. */
export function parsedPattern(context: CheckContext, text: string): ParsedRegex | RegexFault | undefined {
  return context.memo(`pattern ${text}`, () => parseSafely(text));
}

function parseSafely(text: string): ParsedRegex | RegexFault | undefined {
  try {
    return parseRegex(text);
  } catch (error) {
    if (error instanceof RegexFault) return error;
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}
