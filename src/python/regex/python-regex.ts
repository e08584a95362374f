/**
 * Patterns in Python's syntax. A linear-time engine evaluates what it can; what only backtracking can (look-around,
 * references to groups, …) is a program for `BacktrackingThread`.
 */
import { RE2JS } from 're2js';
import type { Groups } from './backtracking.js';
import { type Program, programOf } from './match-program.js';
import { type ParsedRegex, parseRegex, TooDeep } from './parse.js';
import { namesCharacter, requiredTexts } from './pattern-facts.js';
import { RegexFault } from './reader.js';
import { NotLinear, type Re2Pattern, toRe2 } from './to-re2.js';

/** A pattern that cannot be evaluated. */
export class PatternError extends Error {
  override name = 'PatternError';
  /** Python refuses it as well. */
  readonly isInvalid: boolean;

  constructor(message: string, isInvalid = false) {
    super(message);
    this.isInvalid = isInvalid;
  }
}

export interface PythonPattern {
  /** The names of its groups. */
  readonly groups: ReadonlySet<string>;
  /** One of these stands in every text that it matches; undefined where nothing is known. */
  readonly requires: readonly string[] | undefined;
  /**
   * Python's `re.match`: at the beginning of the text, which is one line: a newline stands at its end only.
   * undefined for a pattern that has to be evaluated by `BacktrackingThread`.
   */
  readonly match: ((text: string) => Groups | undefined) | undefined;
  /** The pattern for `BacktrackingThread`. */
  program(): Program;
}

/** @throws PatternError */
export function compilePython(pattern: string): PythonPattern {
  const parsed = parse(pattern);
  if (namesCharacter(pattern)) {
    throw new PatternError(
      `The pattern ${JSON.stringify(pattern)} names a character, \\N{…}, and there is no table of these names here. Write the character itself.`,
    );
  }
  return {
    groups: new Set(parsed.groups.keys()),
    requires: requiredTexts(parsed.root),
    match: linearMatch(parsed),
    program: () => programOf(parsed),
  };
}

function linearMatch(parsed: ParsedRegex): PythonPattern['match'] {
  const compiled = toLinear(parsed);
  if (compiled === undefined) return undefined;
  const { re2, engine } = compiled;
  return (text) => {
    const matcher = engine.matcher(text);
    if (!matcher.lookingAt()) return undefined;
    const found: Groups = Object.create(null);
    for (const [i, name] of re2.names.entries()) {
      const from = matcher.start(i + 1);
      if (from >= 0) found[name] = text.slice(from, matcher.end(i + 1));
      else found[name] ??= null;
    }
    return found;
  };
}

function parse(pattern: string): ParsedRegex {
  try {
    return parseRegex(pattern);
  } catch (error) {
    if (error instanceof RegexFault) {
      throw new PatternError(`Python refuses the pattern ${JSON.stringify(pattern)}. ${error.message}`, true);
    }
    if (!(error instanceof TooDeep)) throw error;
    throw new PatternError(`The pattern ${JSON.stringify(pattern)} is nested too deeply to be evaluated.`);
  }
}

/** undefined for what the linear-time engine has no syntax for, or no room: repetitions of repetitions. */
function toLinear(parsed: ParsedRegex): { re2: Re2Pattern; engine: RE2JS } | undefined {
  let re2: Re2Pattern;
  try {
    re2 = toRe2(parsed);
  } catch (error) {
    if (error instanceof NotLinear) return undefined;
    throw error;
  }
  try {
    return { re2, engine: RE2JS.compile(re2.source) };
  } catch {
    return undefined;
  }
}
