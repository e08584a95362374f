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
  return `'${String.fromCodePoint(code)}'`;
}

/** A fault of something that stands at a node. */
export function nodeFault(node: { start: number; end: number }, message: string, help?: string): YamlFault {
  return new YamlFault(message, node.start, node.end, help);
}

/** A piece of the text, short enough for a message. */
export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
