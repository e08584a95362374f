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

/** What a character is called that nobody can see, or tell from a space; undefined for any other. */
function characterName(code: number): string | undefined {
  if (code === 0x20 || !INVISIBLE.test(String.fromCodePoint(code))) return undefined;
  return NAMES[code] ?? 'character that does not show';
}

/** Advice for a text with a character that nobody can see, or tell from a space; undefined for any other text. */
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
