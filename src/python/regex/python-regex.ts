/**
 * Patterns in Python's syntax, evaluated by a linear-time engine: read as Python reads them (`regex/parse.ts`), written
 * anew for that engine, so that each says what it says to Python. What no linear-time engine can do (look-around,
 * references to groups) is refused with a clear error.
 */
import { RE2JS } from 're2js';
import { type Encoded, WordAlphabet } from './character-sets.js';
import { type ParsedRegex, parseRegex, TooDeep } from './parse.js';
import { RegexFault } from './reader.js';
import { NotLinear, type Re2Pattern, toRe2 } from './to-re2.js';

/** A pattern that Python would refuse, or that cannot be evaluated in linear time. */
export class PatternError extends Error {
  override name = 'PatternError';
}

export interface PythonPattern {
  /** The names of its groups. */
  readonly groups: ReadonlySet<string>;
  /**
   * Python's `re.match`: at the beginning of the text, which is one line: a newline stands at its end only. Answers the
   * named groups, null for one that took no part.
   */
  match(text: string): Record<string, string | null> | undefined;
}

/** `\N{…}`: not in any table here. */
const NAMED_CHARACTER = /(?<!\\)(?:\\\\)*\\N\{/;

/** @throws PatternError */
export function compilePython(pattern: string): PythonPattern {
  const parsed = parse(pattern);
  if (NAMED_CHARACTER.test(pattern)) {
    throw new PatternError(`The pattern ${JSON.stringify(pattern)} names a character, \\N{…}; write the character.`);
  }
  const re2 = translate(pattern, parsed);
  const engine = compile(pattern, re2);
  const beyondAscii = re2.hasEdges ? new EncodedPattern(pattern, parsed, re2.sets) : undefined;
  return {
    groups: parsed.groups,
    match: (text) => {
      const encoded = beyondAscii?.encode(text);
      const matcher = (encoded?.engine ?? engine).matcher(encoded?.text ?? text);
      if (!matcher.lookingAt()) return undefined;
      const found: Record<string, string | null> = Object.create(null);
      const at = (offset: number) => encoded?.offsets[offset] ?? offset;
      for (const [i, name] of re2.names.entries()) {
        const from = matcher.start(i + 1);
        if (from >= 0) found[name] = text.slice(at(from), at(matcher.end(i + 1)));
        else found[name] ??= null;
      }
      return found;
    },
  };
}

/** A pattern in an alphabet of its own, for texts beyond ASCII. */
class EncodedPattern {
  readonly #pattern: string;
  readonly #parsed: ParsedRegex;
  readonly #alphabet: WordAlphabet;
  #written: { engine: RE2JS; size: number } | undefined;

  constructor(pattern: string, parsed: ParsedRegex, sets: Re2Pattern['sets']) {
    this.#pattern = pattern;
    this.#parsed = parsed;
    this.#alphabet = new WordAlphabet(sets);
  }

  encode(text: string): (Encoded & { engine: RE2JS }) | undefined {
    const encoded = this.#alphabet.encode(text);
    if (encoded === undefined) return undefined;
    const { size } = this.#alphabet;
    if (this.#written?.size !== size) {
      const re2 = toRe2(this.#parsed, (set) => this.#alphabet.classOf(set));
      this.#written = { engine: compile(this.#pattern, re2), size };
    }
    return { ...encoded, engine: this.#written.engine };
  }
}

function parse(pattern: string): ParsedRegex {
  try {
    return parseRegex(pattern);
  } catch (error) {
    if (error instanceof RegexFault) {
      throw new PatternError(`Python refuses the pattern ${JSON.stringify(pattern)}. ${error.message}`);
    }
    if (!(error instanceof TooDeep)) throw error;
    throw new PatternError(`The pattern ${JSON.stringify(pattern)} is nested too deeply to be evaluated.`);
  }
}

function translate(pattern: string, parsed: ParsedRegex): Re2Pattern {
  try {
    return toRe2(parsed);
  } catch (error) {
    if (!(error instanceof NotLinear)) throw error;
    throw new PatternError(
      `The pattern ${JSON.stringify(pattern)} uses ${error.message}, which cannot be evaluated in linear time. Write it without.`,
    );
  }
}

function compile(pattern: string, { source }: Re2Pattern): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    // What is left to refuse is its size: repetitions of repetitions.
    const message = `The pattern ${JSON.stringify(pattern)} is too large to be evaluated in linear time.`;
    throw new PatternError(message, { cause });
  }
}
