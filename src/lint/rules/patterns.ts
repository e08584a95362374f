import { isExponential } from '../../python/regex/ambiguity.js';
import { type ParsedRegex, parseRegex, TooDeep } from '../../python/regex/parse.js';
import { RegexFault } from '../../python/regex/reader.js';
import { asObject, asText } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Rule } from '../rule.js';
import { placeInScalar } from '../scalar-place.js';

/**
 * Rules about patterns. `test-grepping` is compiled and matched by api/run.py `_failed_tests`, while the server answers
 * the worker's report that the run is over. What goes wrong there is a status 500: the run is not complete, and no later
 * report, nor the server's own for runs that are stuck, gets any further. `console-progress` is only handed out.
 */

export const NEVER_COMPLETE = 'the server fails at it when the run is over, and the run never becomes complete.';

/** The part of an example in front of and behind its patterns. */
export const grepping = (lines: string) => `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        test-grepping:
${lines}        script: build
${SCRIPTS}`;

export const invalidRegex: Rule = {
  id: 'invalid-regex',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: "A pattern that is no regular expression in Python's syntax.",
  explain: {
    why: "The patterns of `test-grepping` are compiled by Python when a run is over. One that Python refuses makes the server answer the worker's last report with an error, each time that it is repeated: the run never becomes complete, whatever its script did. Python's syntax is not JavaScript's: the name of a group is written `(?P<name>…)`.",
    bad: grepping(`          result-pattern: '(?<name>\\w+): (?<result>PASSED|FAILED)'
`),
    good: grepping(`          result-pattern: '(?P<name>\\w+): (?P<result>PASSED|FAILED)'
`),
  },
  *check(context) {
    for (const { path, text, key } of patterns(context)) {
      const parsed = parsedPattern(text);
      if (!(parsed instanceof RegexFault)) continue;
      const range = placeInScalar(context, path, text, parsed.at, parsed.end);
      const place = { path, ...(range && { range }) };
      if (key === 'progress-pattern')
        yield { ...place, message: parsed.message, severity: 'warning', server: 'misbehaves' };
      else yield { ...place, message: `${parsed.message} Python refuses the pattern; ${NEVER_COMPLETE}` };
    }
  },
};

const NEEDED = {
  'test-pattern': ['name'],
  'result-pattern': ['name', 'result'],
  'progress-pattern': ['current', 'total'],
} as const;

export const regexMissingGroup: Rule = {
  id: 'regex-missing-group',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A pattern without a group that is asked for when it matches.',
  explain: {
    why: 'The server takes the name of a test from the group `name`, and a result from `name` and `result`. A pattern that matches a line and has no such group makes it fail at that line, and the run never becomes complete. A pattern for progress has `current` and `total`; without them no progress is shown.',
    bad: grepping(`          result-pattern: '(?P<test>\\w+): (?P<result>PASSED|FAILED)'
`),
    good: grepping(`          result-pattern: '(?P<name>\\w+): (?P<result>PASSED|FAILED)'
`),
  },
  *check(context) {
    for (const { path, text, key } of patterns(context)) {
      const parsed = parsedPattern(text);
      if (parsed === undefined || parsed instanceof RegexFault) continue;
      const missing = NEEDED[key].filter((name) => !parsed.groups.has(name));
      if (missing.length === 0) continue;
      const names = missing.map((name) => `\`${name}\``).join(' and ');
      const groups = missing.length === 1 ? 'group' : 'groups';
      const help = `Name the parts of the pattern: ${missing.map((name) => `\`(?P<${name}>…)\``).join(', ')}.`;
      if (key === 'progress-pattern') {
        const message = `This pattern has no ${groups} ${names}; no progress can be shown.`;
        yield { path, message, help, severity: 'warning', server: 'misbehaves' };
      } else yield { path, message: `This pattern has no ${groups} ${names}; ${NEVER_COMPLETE}`, help };
    }
  },
};

export const regexSlow: Rule = {
  id: 'regex-slow',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A pattern that can take the server for ever.',
  explain: {
    why: 'Python tries every way in which a pattern can fit. Where a repetition stands in another one, and both can take the same characters, the ways double with each character of a line that does not fit in the end: thirty are enough to keep the server busy for minutes, and it reads every line of the console.',
    bad: grepping(`          result-pattern: '(?P<name>(\\w+\\s?)+): (?P<result>PASSED|FAILED)'
`),
    good: grepping(`          result-pattern: '(?P<name>\\w+(\\s\\w+)*): (?P<result>PASSED|FAILED)'
`),
  },
  *check(context) {
    for (const { path, text, key } of patterns(context)) {
      const parsed = parsedPattern(text);
      if (key === 'progress-pattern' || parsed === undefined || parsed instanceof RegexFault) continue;
      if (!isExponential(parsed.root)) continue;
      const message =
        'A line that nearly fits can take the server for ever: this repeats what can be divided in many ways.';
      const help =
        'Let only one of two repetitions inside each other be open, or put something between them that must be there.';
      yield { path, message, help };
    }
  },
};

interface Pattern {
  path: string;
  text: string;
  key: keyof typeof NEEDED;
}

/** An empty `test-pattern` counts as none. */
function* patterns(context: CheckContext): Generator<Pattern> {
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

const known = new Map<string, ParsedRegex | RegexFault | undefined>();
const MOST_KNOWN = 500;

/** Undefined where nothing can be said. */
export function parsedPattern(text: string): ParsedRegex | RegexFault | undefined {
  if (!known.has(text)) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, parseSafely(text));
  }
  return known.get(text);
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
