import { decimalDigit, pythonLength, pythonRepr } from './python-text.js';

/** Why Python's `str.format` refuses a template, as the end of a sentence. */
export class FormatError extends Error {}

/** What an attribute of a text is: something that has a text of its own, and nothing that names could use further. */
interface Attribute {
  description: string;
}

type FormatValue = string | Attribute;

/** Attributes of every text in CPython 3.11. The server accepts names with them, and shows what Python calls them. */
const METHODS = new Set(
  (
    '__dir__ __format__ __getnewargs__ __getstate__ __reduce__ __reduce_ex__ __sizeof__ capitalize ' +
    'casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii isdecimal isdigit ' +
    'isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition ' +
    'removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip ' +
    'swapcase title translate upper zfill'
  ).split(' '),
);
const OPERATORS = new Set(
  (
    '__add__ __contains__ __delattr__ __eq__ __ge__ __getattribute__ __getitem__ __gt__ __hash__ __init__ __iter__ __le__ ' +
    '__len__ __lt__ __mod__ __mul__ __ne__ __repr__ __rmod__ __rmul__ __setattr__ __str__'
  ).split(' '),
);
/** Python shows an address of its memory here. */
const ADDRESS = '0x7f0000000000';

/** `value.name`. */
function attributeOf(value: FormatValue, name: string): FormatValue {
  if (typeof value === 'string') {
    if (name === '__class__') return { description: "<class 'str'>" };
    if (METHODS.has(name)) return { description: `<built-in method ${name} of str object at ${ADDRESS}>` };
    if (OPERATORS.has(name)) return { description: `<method-wrapper '${name}' of str object at ${ADDRESS}>` };
  }
  throw new FormatError(`there is no attribute \`${name}\` that a name could use`);
}

/** `value[index]`; undefined: the index is no number. */
function itemOf(value: FormatValue, index: number | undefined): FormatValue {
  if (typeof value !== 'string') throw new FormatError('only a text has characters to pick with `[…]`');
  if (index === undefined) throw new FormatError('only a number can pick a character with `[…]`');
  const character = [...value][index];
  if (character === undefined) throw new FormatError(`the text has no character number ${index}`);
  return character;
}

/** `!s`, `!r`, `!a`; NUL is what Python takes for no conversion. */
function convert(value: FormatValue, conversion: string): FormatValue {
  const text = typeof value === 'string' ? value : value.description;
  switch (conversion) {
    case '\0':
      return value;
    case 's':
      return text;
    case 'r':
    case 'a':
      return typeof value === 'string' ? pythonRepr(text, conversion === 'a') : text;
    default:
      throw new FormatError(`\`!${conversion}\` is no conversion: there are \`!s\`, \`!r\` and \`!a\``);
  }
}

/** A replacement field may hold fields in its format, and those none. */
const DEPTH = 2;

/**
 * Python's `template.format(**values)`, which the server fills names in with (CPython 3.11, string formatting).
 *
 * @param values the names that may stand in braces
 * @throws FormatError where Python raises one of its errors
 */
export function pythonFormat(template: string, values: Readonly<Record<string, string>>): string {
  if (!template.includes('{') && !template.includes('}')) return template;
  return expand(template, new Map(Object.entries(values)), DEPTH);
}

function expand(template: string, values: Map<string, string>, depth: number): string {
  if (depth <= 0) throw new FormatError('braces are nested too deep');
  let out = '';
  let at = 0;
  while (at < template.length) {
    const start = at;
    while (at < template.length && template[at] !== '{' && template[at] !== '}') at++;
    out += template.slice(start, at);
    if (at >= template.length) break;
    const brace = template[at] as string;
    at++;
    if (template[at] === brace) {
      out += brace;
      at++;
    } else if (brace === '}') throw new FormatError('a `}` has no `{` before it (a brace as such is written `}}`)');
    else if (at >= template.length)
      throw new FormatError('a `{` has no `}` behind it (a brace as such is written `{{`)');
    else {
      const field = parseField(template, at);
      out += render(field, values, depth);
      at = field.end;
    }
  }
  return out;
}

interface Field {
  name: string;
  conversion: string;
  spec: string;
  specHasFields: boolean;
  /** Behind the closing brace. */
  end: number;
}

/** Reads `name[!conversion][:spec]}`. */
function parseField(template: string, start: number): Field {
  let at = start;
  let stop = '';
  while (at < template.length && stop === '') {
    const character = template[at] as string;
    at++;
    if (character === '{') throw new FormatError('a `{` stands inside of braces');
    if (character === '[') {
      const close = template.indexOf(']', at);
      at = close < 0 ? template.length : close;
    } else if (character === '}' || character === ':' || character === '!') stop = character;
  }
  if (stop === '') throw new FormatError('a `{` has no `}` behind it (a brace as such is written `{{`)');
  const field: Field = {
    name: template.slice(start, at - 1),
    conversion: '\0',
    spec: '',
    specHasFields: false,
    end: at,
  };
  if (stop === '}') return field;
  if (stop === '!') {
    const conversion = template.codePointAt(at);
    if (conversion === undefined) throw new FormatError('a conversion is missing behind the `!`');
    field.conversion = String.fromCodePoint(conversion);
    at += field.conversion.length;
    const next = template[at];
    field.end = at + 1;
    if (next === '}') return field;
    if (next !== undefined && next !== ':') throw new FormatError('only `:` or `}` may follow a conversion');
    if (next === ':') at++;
  }
  return parseSpec(template, at, field);
}

function parseSpec(template: string, start: number, field: Field): Field {
  let open = 1;
  for (let at = start; at < template.length; at++) {
    if (template[at] === '{') {
      field.specHasFields = true;
      open++;
    } else if (template[at] === '}' && --open === 0) {
      return { ...field, spec: template.slice(start, at), end: at + 1 };
    }
  }
  throw new FormatError('a `{` has no `}` behind it (a brace as such is written `{{`)');
}

function render(field: Field, values: Map<string, string>, depth: number): string {
  const value = convert(lookUp(field.name, values), field.conversion);
  const spec = field.specHasFields ? expand(field.spec, values, depth - 1) : field.spec;
  if (typeof value === 'string') return formatText(value, spec);
  if (spec !== '') throw new FormatError('only a text can be formatted');
  return value.description;
}

/** Follows `name.attribute[index]`. */
function lookUp(name: string, values: Map<string, string>): FormatValue {
  const end = name.search(/[.[]/);
  const first = end < 0 ? name : name.slice(0, end);
  const known = [...values.keys()].map((key) => `\`{${key}}\``).join(' and ');
  if (first === '') throw new FormatError(`braces must name what goes in there: ${known}`);
  let value: FormatValue | undefined = values.get(first);
  if (value === undefined) throw new FormatError(`there is no \`{${first}}\`, only ${known}`);
  for (let at = first.length; at < name.length; ) {
    const accessor = name[at];
    at++;
    const close = accessor === '[' ? name.indexOf(']', at) : nextAccessor(name, at);
    if (accessor !== '[' && accessor !== '.') throw new FormatError('only `.` or `[` may follow a `]`');
    if (close < 0) throw new FormatError('a `[` has no `]` behind it');
    const part = name.slice(at, close);
    if (part === '') throw new FormatError(`nothing follows the \`${accessor}\``);
    value = accessor === '[' ? itemOf(value, indexOf(part)) : attributeOf(value, part);
    at = accessor === '[' ? close + 1 : close;
  }
  return value;
}

function nextAccessor(name: string, start: number): number {
  const offset = name.slice(start).search(/[.[]/);
  return offset < 0 ? name.length : start + offset;
}

/** The number that a text is, in digits only. */
function indexOf(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = decimalDigit(character);
    if (digit === undefined) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

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
function formatText(text: string, spec: string): string {
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
