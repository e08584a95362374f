/**
 * Patterns in Python's syntax, evaluated by a linear-time engine. What that engine says
 * otherwise is translated; what no linear-time engine can do (look-around, references to
 * groups) is refused with a clear error.
 */
import { RE2JS } from 're2js';

/** A pattern that Python would refuse, or that cannot be evaluated in linear time. */
export class PatternError extends Error {
  override name = 'PatternError';
}

export interface PythonPattern {
  /** The names of its groups. */
  readonly groups: ReadonlySet<string>;
  /** Python's `re.match`: at the beginning of the text. Answers the named groups, null for one that took no part. */
  match(text: string): Record<string, string | null> | undefined;
}

/** What Python's classes hold beyond ASCII; inside a set, and alone. */
const UNICODE_CLASSES: Record<string, string> = {
  d: '\\p{Nd}',
  w: '\\p{L}\\p{N}_',
  s: '\\s\\x0b\\x1c-\\x1f\\x{85}\\p{Z}',
};

/** @throws PatternError */
export function compilePython(pattern: string): PythonPattern {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(translate(pattern));
  } catch (error) {
    if (error instanceof PatternError) throw error;
    throw new PatternError(
      `The pattern ${JSON.stringify(pattern)} is no regular expression: ${(error as Error).message}.`,
    );
  }
  const names = Object.keys(compiled.namedGroups());
  return {
    groups: new Set(names),
    match: (text) => {
      const matcher = compiled.matcher(text);
      if (!matcher.lookingAt()) return undefined;
      const found: Record<string, string | null> = Object.create(null);
      for (const name of names) found[name] = matcher.group(name);
      return found;
    },
  };
}

/** Goes through the pattern piece by piece: an escape, a set, the head of a group, an anchor, anything else. */
function translate(pattern: string): string {
  const multiline = /^\(\?[a-z]*m/.test(pattern);
  let out = '';
  let set = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    if (char === '\\') {
      at += 1;
      out += escapeOf(pattern, pattern[at], set);
    } else if (set) {
      set = char !== ']';
      // A bracket in a set is itself in Python, and could open a class elsewhere.
      out += char === '[' ? '\\[' : char;
    } else if (char === '[') {
      set = true;
      const [head = '['] = /^\[\^?\]?/.exec(pattern.slice(at)) ?? [];
      at += head.length - 1;
      out += head.replace(']', '\\]');
    } else if (char === '(' && pattern[at + 1] === '?') {
      refuseGroup(pattern, pattern.slice(at, at + 4));
      out += char;
    } else if (char === '$' && !multiline) {
      // Python's end is also the place before a last newline.
      out += '(?:\\n?\\z)';
    } else {
      out += char;
    }
  }
  return out;
}

function escapeOf(pattern: string, char: string | undefined, set: boolean): string {
  if (char === undefined) throw new PatternError(`The pattern ${JSON.stringify(pattern)} ends in a lone backslash.`);
  if (/[1-9]/.test(char) && !set) throw unsupported(pattern, `\\${char} (a reference to a group)`);
  const holds = UNICODE_CLASSES[char.toLowerCase()];
  if (holds !== undefined) {
    const positive = char === char.toLowerCase();
    if (!set) return positive ? `[${holds}]` : `[^${holds}]`;
    return positive ? holds : `\\${char}`;
  }
  if (char === 'Z') return '\\z';
  return `\\${char}`;
}

function refuseGroup(pattern: string, head: string): void {
  if (/^\(\?(=|!|<=|<!)/.test(head))
    throw unsupported(pattern, `${head.slice(0, head[2] === '<' ? 4 : 3)}…) (look-around)`);
  if (head.startsWith('(?P=')) throw unsupported(pattern, '(?P=…) (a reference to a group)');
  if (head.startsWith('(?(')) throw unsupported(pattern, '(?(…) (a condition)');
}

function unsupported(pattern: string, what: string): PatternError {
  return new PatternError(
    `The pattern ${JSON.stringify(pattern)} uses ${what}, which cannot be evaluated in linear time. Write it without.`,
  );
}
