import { FormatError } from './python-format-values.js';
import { decimalDigit, pythonLength } from './python-text.js';

/** The part behind the colon of a replacement field, for a text: `[[fill]align][0][width][.precision][s]`. */

/** Wider or longer than any name can be; the server would fill its memory. */
const MAX_SIZE = 1_000_000;

interface TextSpec {
  fill: string;
  align: string;
  /** -1: none. */
  width: number;
  precision: number;
}

/** `format(text, spec)` as CPython 3.11 does it. Throws a FormatError for what it refuses. */
export function formatText(text: string, spec: string): string {
  if (spec === '') return text;
  const { fill, align, width, precision } = parse(spec);
  const length = pythonLength(text);
  const kept = precision >= 0 && precision < length ? [...text].slice(0, precision).join('') : text;
  const missing = width - Math.min(length, precision < 0 ? length : precision);
  if (missing <= 0) return kept;
  const left = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0;
  return fill.repeat(left) + kept + fill.repeat(missing - left);
}

function parse(text: string): TextSpec {
  const characters = [...text];
  const spec: TextSpec = { fill: ' ', align: '<', width: -1, precision: -1 };
  let at = 0;
  let filled = false;
  const isAlign = (index: number) => characters[index] !== undefined && '<>=^'.includes(characters[index]);

  if (isAlign(1)) {
    spec.fill = characters[0] as string;
    filled = true;
    at = 2;
  } else if (isAlign(0)) at = 1;
  if (at > 0) spec.align = characters[at - 1] as string;
  refuse(characters[at], [' ', '+', '-'], 'a sign');
  refuse(characters[at], ['z', '#'], 'a flag for numbers');
  if (!filled && characters[at] === '0') {
    spec.fill = '0';
    at++;
  }
  [spec.width, at] = number(characters, at);
  refuse(characters[at], [',', '_'], 'a separator of thousands');
  if (characters[at] === '.') {
    [spec.precision, at] = number(characters, at + 1);
    if (spec.precision < 0) throw new FormatError('a precision is missing behind the dot');
  }
  if (characters.length - at > 1) throw new FormatError(`\`${characters.slice(at).join('')}\` is no format`);
  if (characters[at] !== undefined && characters[at] !== 's') {
    throw new FormatError(`the format \`${characters[at]}\` is not one for a text`);
  }
  if (spec.align === '=') throw new FormatError('the alignment `=` is for numbers only');
  return spec;
}

function refuse(character: string | undefined, refused: string[], what: string): void {
  if (character !== undefined && refused.includes(character)) {
    throw new FormatError(`a text cannot be formatted with ${what} (\`${character}\`)`);
  }
}

/** The number that begins at `start`, -1 when there is none, and where it ends. */
function number(characters: string[], start: number): [value: number, end: number] {
  let value = -1;
  let at = start;
  for (; at < characters.length; at++) {
    const digit = decimalDigit(characters[at] as string);
    if (digit === undefined) break;
    value = Math.max(value, 0) * 10 + digit;
    if (value > MAX_SIZE) throw new FormatError('the width or precision is too large');
  }
  return [value, at];
}
