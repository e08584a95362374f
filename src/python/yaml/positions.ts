/** Lines and columns count from 1; a column counts UTF-16 code units. `end` is exclusive. */
export interface Range {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface Related extends Range {
  message: string;
}

/** Where the lines of a text begin; `offset`: of the first line, after a byte order mark, which has no column. */
function lineStarts(text: string, offset = 0): number[] {
  const starts = [offset];
  for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** The line of an offset, from 0. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

let last: { text: string; starts: readonly number[] } | undefined;

/** Line, from 0, and offset in it, of a place in a text. For many places of one text: its lines are counted once. */
export function placeInText(text: string, offset: number): { line: number; column: number } {
  if (last?.text !== text) last = { text, starts: lineStarts(text) };
  const line = lineAt(last.starts, offset);
  return { line, column: offset - (last.starts[line] as number) };
}

/** Turns offsets into lines and columns as editors count them: lines end in LF, CRLF or CR, a byte order mark has no column. */
export class Positions {
  readonly #text: string;
  #starts: number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Both offsets may be after the end of the text; `end` is exclusive. An empty range stays empty. */
  range(start: number, end: number): Range {
    const from = this.#place(start);
    const to = this.#place(Math.max(start, end));
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  /** The offsets of a range; a place after the end of the text becomes the end. */
  offsets({ line, column, endLine, endColumn }: Range): { start: number; end: number } {
    return { start: this.#offset(line, column), end: this.#offset(endLine, endColumn) };
  }

  #offset(line: number, column: number): number {
    const start = this.starts[line - 1];
    return start === undefined ? this.#text.length : Math.min(start + column - 1, this.#text.length);
  }

  /** Offsets of the lines' first characters. */
  get starts(): readonly number[] {
    this.#starts ??= lineStarts(this.#text, this.#text.charCodeAt(0) === 0xfeff ? 1 : 0);
    return this.#starts;
  }

  #place(offset: number): { line: number; column: number } {
    const at = Math.min(offset, this.#text.length);
    const { starts } = this;
    const line = lineAt(starts, at);
    return { line: line + 1, column: Math.max(at - (starts[line] as number), 0) + 1 };
  }
}

/** The lines of a text, without their ends and without a byte order mark: as positions count them. */
export function splitLines(text: string): string[] {
  return text.replace(/^\ufeff/, '').split(/\r\n?|\n/);
}

/** Why a text does not load, thrown inside this folder only; `loadYaml` turns it into a `YamlProblem`. */
export class YamlFault extends Error {
  /** Offsets into the text, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly help: string | undefined;
  /** Another place that explains this one. */
  origin: { message: string; start: number; end: number } | undefined;

  constructor(message: string, start: number, end: number, help?: string) {
    super(message);
    this.start = start;
    this.end = end;
    this.help = help;
  }

  /** Adds the place that explains this fault; gives itself, to be thrown. */
  because(message: string, { start, end }: { start: number; end: number }): this {
    this.origin = { message, start, end };
    return this;
  }
}

/** The character as a message shows it. */
export function quoteCharacter(text: string, offset: number): string {
  const code = text.codePointAt(offset) ?? 0;
  if (code === 0) return 'the end of the file';
  if (code === 0x09) return 'a tab';
  if (code === 0x20) return 'a space';
  if (code === 0x0a || code === 0x0d || code === 0x85 || code === 0x2028 || code === 0x2029)
    return 'the end of the line';
  const name = characterName(code);
  return name === undefined ? `'${String.fromCodePoint(code)}'` : `a ${name} (U+${hexCode(code)})`;
}

/** The number of a character as Unicode writes it. */
export function hexCode(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}

const INVISIBLE = /[\p{Z}\p{Cf}\p{Cc}\u115f\u1160\u3164\uffa0]/u;
const NAMES: Readonly<Record<number, string>> = {
  160: 'no-break space',
  173: 'soft hyphen',
  8203: 'zero-width space',
  8204: 'zero-width non-joiner',
  8205: 'zero-width joiner',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8239: 'narrow no-break space',
  8288: 'word joiner',
  12288: 'ideographic space',
  65279: 'byte order mark',
};

/** The name of a character that is invisible, or looks like a space; undefined for any other. */
function characterName(code: number): string | undefined {
  if (code === 0x20 || !INVISIBLE.test(String.fromCodePoint(code))) return undefined;
  return NAMES[code] ?? 'character that does not show';
}

/** Advice for a text with a character that is invisible, or looks like a space; undefined for any other text. */
export function invisibleHelp(text: string): string | undefined {
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    const name = /[\t\n\r]/.test(character) ? undefined : characterName(code);
    if (name !== undefined) return `It holds a ${name} (U+${hexCode(code)}), which is no space to YAML: replace it.`;
  }
  return undefined;
}

/** A fault of something that stands at a node. */
export function nodeFault(node: { start: number; end: number }, message: string, help?: string): YamlFault {
  return new YamlFault(message, node.start, node.end, help);
}

/** A piece of the text, short enough for a message. */
export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
