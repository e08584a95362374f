import { formatText } from './python-format-spec.js';
import { attributeOf, convert, FormatError, type FormatValue, itemOf } from './python-format-values.js';
import { decimalDigit } from './python-text.js';

export { FormatError };

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
  return value.text;
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
