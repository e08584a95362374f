import { PyFloat } from '../yaml/nodes.js';

/** `str()`, `repr()` and `str.format` of Python, where JavaScript differs. */

/** How many characters Python counts: code points. */
export function pythonLength(text: string): number {
  return [...text].length;
}

// Each pattern with a class of Unicode takes 0.2 ms to make, so it is made when it is needed.
const isPrintable = (character: string) => !/[\p{C}\p{Z}]/u.test(character);
const isDecimalDigit = (character: string) => /\p{Nd}/u.test(character);
const NAMED_ESCAPES = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** `repr(text)`; with `asciiOnly`, `ascii(text)`. */
function pythonRepr(text: string, asciiOnly = false): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) {
    const named = NAMED_ESCAPES.get(character);
    const code = character.codePointAt(0) ?? 0;
    if (named !== undefined) out += named;
    else if (character === quote) out += `\\${quote}`;
    else if (code < 0x20 || code === 0x7f) out += hexEscape(code);
    else if (code < 0x7f) out += character;
    else out += asciiOnly || !isPrintable(character) ? hexEscape(code) : character;
  }
  return out + quote;
}

function hexEscape(code: number): string {
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** The value of a decimal digit of any script, as Python counts with it; undefined for anything else. */
export function decimalDigit(character: string): number | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code >= 0x30 && code <= 0x39 ? code - 0x30 : undefined;
  if (!isDecimalDigit(character)) return undefined;
  // Digits stand in tens from zero to nine; some tens follow each other without a gap.
  let before = 0;
  while (isDecimalDigit(String.fromCodePoint(code - before - 1))) before++;
  return before % 10;
}

/** `str(value)` of what came out of JSON. */
export function pythonStr(value: unknown): string {
  return typeof value === 'string' ? value : reprOf(value);
}

function reprOf(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return pythonRepr(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map(reprOf).join(', ')}]`;
  if (typeof value === 'object' && (Object.getPrototypeOf(value) ?? Object.prototype) === Object.prototype) {
    const entries = Object.entries(value).map(([key, item]) => `${pythonRepr(key)}: ${reprOf(item)}`);
    return `{${entries.join(', ')}}`;
  }
  return String(value);
}

/** As of what JSON says for this number: whether 5 was 5.0 once, nobody knows; from 10^21 on there is an exponent. */
function numberText(value: number): string {
  const whole = Number.isInteger(value) && Math.abs(value) < 1e21;
  return whole ? BigInt(value).toString() : new PyFloat(value).toString();
}

/** Why Python's `str.format` refuses a template, as the end of a sentence. */
export class FormatError extends Error {}

/** Attributes of every text in CPython 3.11. The server accepts names that use them. */
const ATTRIBUTES = new Set(
  (
    '__class__ __dir__ __format__ __getnewargs__ __getstate__ __reduce__ __reduce_ex__ __sizeof__ capitalize casefold center ' +
    'count encode endswith expandtabs find format format_map index isalnum isalpha isascii isdecimal isdigit isidentifier ' +
    'islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix ' +
    'removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title ' +
    'translate upper zfill __add__ __contains__ __delattr__ __eq__ __ge__ __getattribute__ __getitem__ __gt__ __hash__ ' +
    '__init__ __iter__ __le__ __len__ __lt__ __mod__ __mul__ __ne__ __repr__ __rmod__ __rmul__ __setattr__ __str__'
  ).split(' '),
);

/** A text, or an attribute of one: Python's description of it, which names cannot use any further. */
type FormatValue = string | { description: string };

/** A replacement field may hold fields in its format, and those none. */
const DEPTH = 2;

const UNCLOSED = 'a `{` has no `}` after it (a brace as such is written `{{`)';

/**
 * Python's `template.format(**values)`, which the server fills names in with (CPython 3.11).
 *
 * @param values the names that may stand in braces
 * @throws FormatError where Python raises one of its errors
 */
export function pythonFormat(template: string, values: Readonly<Record<string, string>>): string {
  return /[{}]/.test(template) ? expand(template, new Map(Object.entries(values)), DEPTH) : template;
}

function expand(template: string, values: Map<string, string>, depth: number): string {
  if (depth <= 0) throw new FormatError('braces are nested too deep');
  let out = '';
  let at = 0;
  for (const brace = /[{}]/g; ; ) {
    brace.lastIndex = at;
    const found = brace.exec(template);
    out += template.slice(at, found?.index);
    if (found === null) return out;
    at = found.index + 1;
    if (template[at] === found[0]) {
      out += found[0];
      at++;
    } else if (found[0] === '}') throw new FormatError('a `}` has no `{` before it (a brace as such is written `}}`)');
    else {
      const field = parseField(template, at);
      out += render(field, values, depth);
      at = field.end;
    }
  }
}

interface Field {
  name: string;
  /** NUL is what Python takes for no conversion. */
  conversion: string;
  spec: string;
  /** After the closing brace. */
  end: number;
}

/** Reads `name[!conversion][:spec]}`. A bracket without its end takes the rest of the template. */
function parseField(template: string, start: number): Field {
  const name = /(?:\[[^\]]*|[^[{}:!])*/y;
  name.lastIndex = start;
  const field: Field = { name: name.exec(template)?.[0] ?? '', conversion: '\0', spec: '', end: name.lastIndex + 1 };
  const stop = template[name.lastIndex];
  if (stop === undefined) throw new FormatError(UNCLOSED);
  if (stop === '{') throw new FormatError('a `{` stands inside of braces');
  if (stop === '}') return field;
  if (stop === ':') return parseSpec(template, field);
  const conversion = template.codePointAt(field.end);
  if (conversion === undefined) throw new FormatError('a conversion is missing after the `!`');
  field.conversion = String.fromCodePoint(conversion);
  const next = template[field.end + field.conversion.length];
  field.end += field.conversion.length + 1;
  if (next === '}') return field;
  if (next !== ':') throw new FormatError('only `:` or `}` may follow a conversion');
  return parseSpec(template, field);
}

function parseSpec(template: string, field: Field): Field {
  let open = 1;
  for (let at = field.end; at < template.length; at++) {
    if (template[at] === '{') open++;
    else if (template[at] === '}' && --open === 0)
      return { ...field, spec: template.slice(field.end, at), end: at + 1 };
  }
  throw new FormatError(UNCLOSED);
}

function render({ name, conversion, spec: template }: Field, values: Map<string, string>, depth: number): string {
  const value = convert(lookUp(name, values), conversion);
  const spec = template.includes('{') ? expand(template, values, depth - 1) : template;
  if (typeof value === 'string') return formatText(value, spec);
  if (spec !== '') throw new FormatError('only a text can be formatted');
  return value.description;
}

/** `!s`, `!r`, `!a`. */
function convert(value: FormatValue, conversion: string): FormatValue {
  if (conversion === '\0') return value;
  if (!/^[sra]$/.test(conversion))
    throw new FormatError(`\`!${conversion}\` is not a conversion: there are \`!s\`, \`!r\` and \`!a\``);
  if (typeof value !== 'string') return value.description;
  return conversion === 's' ? value : pythonRepr(value, conversion === 'a');
}

/** Follows `name.attribute[index]`. */
function lookUp(name: string, values: Map<string, string>): FormatValue {
  const [first = ''] = /^[^.[]*/.exec(name) ?? [];
  const names = [...values.keys()].map((key) => `\`{${key}}\``).join(' and ');
  if (first === '') throw new FormatError(`braces must name a value: ${names}`);
  let value: FormatValue | undefined = values.get(first);
  if (value === undefined) throw new FormatError(`there is no \`{${first}}\`, only ${names}`);
  for (let rest = name.slice(first.length); rest !== ''; ) {
    const [whole, attribute, index] = /^(?:\.([^.[]+)|\[([^\]]+)\])/s.exec(rest) ?? [];
    if (whole === undefined) throw new FormatError(`\`${rest}\` cannot be read; write \`.attribute\` or \`[number]\``);
    value = index === undefined ? attributeOf(value, attribute ?? '') : itemOf(value, numberOf(index));
    rest = rest.slice(whole.length);
  }
  return value;
}

function attributeOf(value: FormatValue, name: string): FormatValue {
  if (typeof value !== 'string' || !ATTRIBUTES.has(name))
    throw new FormatError(`there is no attribute \`${name}\` that a name could use`);
  // Python shows an address of its memory.
  const method = `<built-in method ${name} of str object at 0x7f0000000000>`;
  return { description: name === '__class__' ? "<class 'str'>" : method };
}

function itemOf(value: FormatValue, index: number | undefined): FormatValue {
  if (typeof value !== 'string' || index === undefined)
    throw new FormatError('only a number can pick a character with `[…]`, and only of a text');
  const character = [...value][index];
  if (character === undefined) throw new FormatError(`the text has no character number ${index}`);
  return character;
}

/** The number that a text is, in digits of any script; undefined for any other text. */
function numberOf(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = decimalDigit(character);
    if (digit === undefined) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** Wider or longer than any name can be; the server would fill its memory. */
const MAX_SIZE = 1_000_000;

/** The part after the colon, for a text: `[[fill]align][0][width][.precision][s]`. `=` and all else are for numbers. */
const TEXT_SPEC = () => /^(?:(.)(?=[<>^]))?([<>^]?)(\p{Nd}*)(?:\.(\p{Nd}+))?s?$/su;

/** `format(text, spec)` as CPython 3.11 does it. */
function formatText(text: string, spec: string): string {
  if (spec === '') return text;
  const [, fill, align, digits = '', limit] = TEXT_SPEC().exec(spec) ?? [];
  if (align === undefined) throw new FormatError(`\`${spec}\` is not a format for a text`);
  const [width = 0, precision = Infinity] = [digits, limit].map((part) => (part ? numberOf(part) : undefined));
  if (width > MAX_SIZE || (limit !== undefined && precision > MAX_SIZE))
    throw new FormatError('the width or precision is too large');
  const length = pythonLength(text);
  const kept = precision < length ? [...text].slice(0, precision).join('') : text;
  const missing = width - Math.min(length, precision);
  if (missing <= 0) return kept;
  const left = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0;
  const filling = fill ?? (digits.startsWith('0') ? '0' : ' ');
  return filling.repeat(left) + kept + filling.repeat(missing - left);
}
