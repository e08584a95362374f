/**
 * Patterns in Python's syntax. A linear-time engine evaluates what it can; what only backtracking can (look-around,
 * references to groups, …) is a program for `BacktrackingThread`.
 */
import { RE2JS } from 're2js';
import type { Groups } from './backtracking.js';
import { type Encoded, WordAlphabet } from './character-sets.js';
import { type ParsedRegex, parseRegex, TooDeep } from './parse.js';
import { type Program, programOf } from './program.js';
import { RegexFault } from './reader.js';
import { requiredTexts } from './required-text.js';
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

/** `\N{…}`: not in any table here. */
const NAMED_CHARACTER = /(?<!\\)(?:\\\\)*\\N\{/;

/** @throws PatternError */
export function compilePython(pattern: string): PythonPattern {
  const parsed = parse(pattern);
  if (NAMED_CHARACTER.test(pattern)) {
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
  const beyondAscii = re2.hasEdges ? new EncodedPattern(parsed, re2.sets) : undefined;
  return (text) => {
    const encoded = beyondAscii?.encode(text);
    const matcher = (encoded?.engine ?? engine).matcher(encoded?.text ?? text);
    if (!matcher.lookingAt()) return undefined;
    const found: Groups = Object.create(null);
    const at = (offset: number) => encoded?.offsets[offset] ?? offset;
    for (const [i, name] of re2.names.entries()) {
      const from = matcher.start(i + 1);
      if (from >= 0) found[name] = text.slice(at(from), at(matcher.end(i + 1)));
      else found[name] ??= null;
    }
    return found;
  };
}

/** A pattern in an alphabet of its own, for texts beyond ASCII. */
class EncodedPattern {
  readonly #parsed: ParsedRegex;
  readonly #alphabet: WordAlphabet;
  #written: { engine: RE2JS; size: number } | undefined;

  constructor(parsed: ParsedRegex, sets: Re2Pattern['sets']) {
    this.#parsed = parsed;
    this.#alphabet = new WordAlphabet(sets);
  }

  encode(text: string): (Encoded & { engine: RE2JS }) | undefined {
    const encoded = this.#alphabet.encode(text);
    if (encoded === undefined) return undefined;
    const { size } = this.#alphabet;
    if (this.#written?.size !== size) {
      const { source } = toRe2(this.#parsed, (set) => this.#alphabet.classOf(set));
      this.#written = { engine: RE2JS.compile(source), size };
    }
    return { ...encoded, engine: this.#written.engine };
  }
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
