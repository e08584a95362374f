import { compose } from './composer.js';
import { construct, type Repetition } from './construct.js';
import { childPlace, joinPointer, mappingPointers, type Node, PyFloat, placeAt, splitPointer } from './nodes.js';
import { Positions, type Range, type Related, YamlFault } from './positions.js';
import { scan } from './scanner.js';
import { toValue, type YamlValue } from './to-value.js';
import type { ScalarStyle } from './tokens.js';

export type { YamlObject, YamlValue } from './to-value.js';
export type { ScalarStyle } from './tokens.js';
export { PyFloat };

/**
 * Why a text has no value for the server. `yaml`: the client cannot read it; `json`: it cannot be posted
 * (dates, sets, cycles, …); `empty`: it is read, but there is nothing in it (null, `{}`, `[]`, `''`, `0`, `false`).
 */
export interface YamlProblem {
  stage: 'yaml' | 'json' | 'empty';
  message: string;
  range: Range;
  help?: string;
  /** Another place that explains it: where the bracket opens, where the anchor was defined first. */
  related?: Related[];
}

/** A key that stands in one mapping a second time. The last one wins; the server never sees the others. */
export interface DuplicateKey {
  /** JSON pointer to the key. */
  path: string;
  key: string;
  /** The later key, and the first one. */
  range: Range;
  first: Range;
}

export interface Location {
  /** The place of the value's text; for an alias or a merge, the place where it was written. */
  value: Range;
  /** The mapping key in front of it. */
  key?: Range;
}

/** How a scalar is written. */
export interface ScalarLayout {
  style: ScalarStyle;
  /** With its quotes or block header. */
  range: Range;
  /** What stands in the file there. */
  raw: string;
  /** The first line of a block scalar's text, and the spaces that each line of it is indented by. */
  block?: { line: number; indent: number };
}

export interface Comment {
  /** From `#` on. */
  text: string;
  range: Range;
}

export interface LoadedYaml {
  /**
   * The value as the server's JSON parser sees it; undefined when there is a problem of stage `yaml` or `json`. Where
   * nothing but dates has no JSON form, their texts stand for them.
   */
  value: YamlValue | undefined;
  problem?: YamlProblem;
  /** Every value that is a date to YAML: the problem is then the first of them, or something worse. */
  dates: readonly YamlProblem[];
  /** In the order of the text. */
  duplicates: DuplicateKey[];
  /** In the order of the text. */
  comments: Comment[];
  /** The text that positions refer to. */
  text: string;
  /** Where the value at a JSON pointer (`''` is the whole) stands; undefined when there is no such value. */
  locate(pointer: string): Location | undefined;
  /** The innermost value whose text is at a place, or the key in front of it; undefined when nothing was read. */
  at(line: number, column: number): { path: string; part: 'key' | 'value' } | undefined;
  /** How the scalar at a JSON pointer is written; undefined when there is no scalar. */
  layout(pointer: string): ScalarLayout | undefined;
}

/**
 * Loads a definition as the reference client and server do: PyYAML 6.0's safe loader, then JSON.
 * Never throws for what the text holds; its time and memory are bounded by the text's length.
 *
 * @param input text, or the bytes of a file, which must be UTF-8
 */
export function loadYaml(input: string | Uint8Array): LoadedYaml {
  const { text, fault } = decode(input);
  return new Loader(text).load(fault);
}

class Loader implements LoadedYaml {
  readonly text: string;
  value: YamlValue | undefined;
  declare problem?: YamlProblem;
  dates: readonly YamlProblem[] = [];
  readonly #positions: Positions;
  #root: Node | undefined;
  #repetitions: Repetition[] = [];
  #comments: { start: number; end: number }[] = [];

  constructor(text: string) {
    this.text = text;
    this.#positions = new Positions(text);
  }

  load(decodingFault: YamlFault | undefined): this {
    let stage: YamlProblem['stage'] = 'yaml';
    const dates: YamlFault[] = [];
    try {
      if (decodingFault) throw decodingFault;
      const { tokens, comments } = scan(this.text);
      this.#comments = comments;
      this.#root = compose(tokens);
      this.#repetitions = this.#root ? construct(this.#root) : [];
      stage = 'json';
      this.value = this.#root ? toValue(this.#root, tokens.length, dates) : null;
      if (dates[0] !== undefined) throw dates[0];
      stage = 'empty';
      if (isNothing(this.value)) throw new YamlFault('There is no definition in this file.', 0, this.text.length);
    } catch (error) {
      if (!(error instanceof YamlFault)) throw error;
      this.dates = dates.map((fault) => this.#problem('json', fault));
      this.problem = (error === dates[0] ? this.dates[0] : undefined) ?? this.#problem(stage, error);
    }
    return this;
  }

  #problem(stage: YamlProblem['stage'], fault: YamlFault): YamlProblem {
    const { message, help, origin } = fault;
    const problem: YamlProblem = { stage, message, range: this.#range(this.#withoutLineEnd(fault)) };
    if (help !== undefined) problem.help = help;
    if (origin !== undefined) problem.related = [{ message: origin.message, ...this.#range(origin) }];
    return problem;
  }

  /** What is wrong at the end of a line does not reach into the next one. */
  #withoutLineEnd({ start, end }: YamlFault): { start: number; end: number } {
    let last = end;
    while (last > start && /[\r\n]/.test(this.text.charAt(last - 1))) last--;
    return { start, end: last };
  }

  get duplicates(): DuplicateKey[] {
    if (this.#root === undefined || this.#repetitions.length === 0) return [];
    const pointers = mappingPointers(this.#root);
    const found = this.#repetitions.map(({ mapping, key, first, again }) => ({
      path: joinPointer(pointers.get(mapping) ?? '', key),
      key,
      range: this.#range(again),
      first: this.#range(first),
    }));
    return found.sort((a, b) => a.range.line - b.range.line || a.range.column - b.range.column);
  }

  get comments(): Comment[] {
    return this.#comments.map((span) => ({ text: this.text.slice(span.start, span.end), range: this.#range(span) }));
  }

  locate(pointer: string): Location | undefined {
    const place = this.#find(pointer);
    if (place === undefined) return undefined;
    const { node, key } = place;
    return { value: this.#range(node), ...(key && { key: this.#range(key) }) };
  }

  at(line: number, column: number): { path: string; part: 'key' | 'value' } | undefined {
    const { start } = this.#positions.offsets({ line, column, endLine: line, endColumn: column });
    return this.#root && placeAt(this.#root, start);
  }

  layout(pointer: string): ScalarLayout | undefined {
    const node = this.#find(pointer)?.node;
    if (node?.kind !== 'scalar') return undefined;
    const { style, start, end, block } = node;
    const range = this.#range(node);
    const raw = this.text.slice(start, end);
    return {
      style,
      range,
      raw,
      ...(block && { block: { line: this.#positions.range(block.offset, 0).line, indent: block.indent } }),
    };
  }

  #find(pointer: string): { node: Node; key: Node | undefined } | undefined {
    if (this.#root === undefined) return undefined;
    let place: { node: Node; key: Node | undefined } | undefined = { node: this.#root, key: undefined };
    for (const segment of splitPointer(pointer)) {
      place = childPlace(place.node, segment);
      if (place === undefined) return undefined;
    }
    return place;
  }

  #range({ start, end }: { start: number; end: number }): Range {
    return this.#positions.range(start, end);
  }
}

/** What Python takes for false: the server refuses it before it looks any further. */
function isNothing(value: YamlValue): boolean {
  if (value === null || typeof value !== 'object') return !value;
  if (Array.isArray(value)) return value.length === 0;
  return value instanceof PyFloat ? value.value === 0 : Object.keys(value).length === 0;
}

/**
 * The text of a file. The reference client opens it as UTF-8, byte order mark kept. If the bytes are not UTF-8
 * the text has U+FFFD where they are wrong, and `fault` is at the first of these.
 */
function decode(input: string | Uint8Array): { text: string; fault?: YamlFault } {
  if (typeof input === 'string') return { text: input };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input) };
  } catch {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
    // Read back, a U+FFFD that the file itself holds is the same bytes.
    const back = Buffer.from(text);
    let wrong = back.findIndex((byte, index) => byte !== input[index]);
    while (((back[wrong] as number) & 0xc0) === 0x80) wrong--;
    const at = back.toString('utf8', 0, wrong).length;
    const help = isUtf16(input) ? 'It looks like UTF-16. Save it as UTF-8.' : 'Save it as UTF-8.';
    return { text, fault: new YamlFault('The file is not UTF-8 here.', at, at + 1, help) };
  }
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/**
 * What the reference client would post of a file: as Python's `json.dumps` writes it, but for blanks.
 *
 * @returns undefined where the client gets no further than reading the file
 */
export function jsonTextOf({ value, problem }: LoadedYaml): string | undefined {
  return value === undefined || (problem !== undefined && problem.stage !== 'empty') ? undefined : jsonText(value);
}

/** Nested no deeper than what `loadYaml` lets through. */
function jsonText(value: YamlValue): string {
  if (value instanceof PyFloat) return value.toJsonText();
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, child]) => `${JSON.stringify(key)}:${jsonText(child)}`)
    .join(',')}}`;
}
