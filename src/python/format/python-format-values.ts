import { pythonRepr } from './python-text.js';

/** Why Python's `str.format` refuses a template, as the end of a sentence. */
export class FormatError extends Error {}

/** Something that is no text, reached through an attribute of one. */
interface Thing {
  /** What `str()` gives. */
  text: string;
  attributes: Map<string, FormatValue>;
}

export type FormatValue = string | Thing;

const METHODS = new Set(
  (
    '__dir__ __format__ __getnewargs__ __getstate__ __init_subclass__ __reduce__ __reduce_ex__ __sizeof__ __subclasshook__ capitalize ' +
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

const names = (list: string) => list.split(' ');
/** What `str` has from `object`, and what belongs to the class itself. */
const OF_OBJECT = new Set(names('__dir__ __getstate__ __reduce__ __reduce_ex__ __delattr__ __init__ __setattr__'));
const OF_TYPE = names('__init_subclass__ __instancecheck__ __new__ __prepare__ __subclasscheck__ __subclasses__ mro');
const BOUND = names('__subclasshook__ maketrans');

/** `str` as the object that it is; the facts: CPython 3.11. */
const textClass = (): Thing => ({
  text: "<class 'str'>",
  attributes: new Map<string, FormatValue>([
    ...[...METHODS].map((name): [string, Thing] => [name, methodOfClass('method', name)]),
    ...[...OPERATORS].map((name): [string, Thing] => [name, methodOfClass('slot wrapper', name)]),
    ...[...OF_TYPE, ...BOUND].map((name): [string, Thing] => [name, methodOfType('built-in method', name)]),
    ...names('__call__ __or__ __ror__').map((name): [string, Thing] => [name, methodOfType('method-wrapper', name)]),
    ['__name__', 'str'],
    ['__qualname__', 'str'],
    ['__module__', 'builtins'],
    ['__class__', plain("<class 'type'>", 'type')],
    ['__base__', plain("<class 'object'>", 'object')],
    ['__bases__', plain("(<class 'object'>,)")],
    ['__mro__', plain("(<class 'str'>, <class 'object'>)")],
    ['__text_signature__', plain('None')],
  ]),
});

function methodOfClass(kind: string, name: string): Thing {
  const owner = OF_OBJECT.has(name) ? 'object' : 'str';
  return named(`<${kind} '${name}' of '${owner}' objects>`, name, `${owner}.${name}`);
}

function methodOfType(kind: string, name: string): Thing {
  const shown = kind === 'method-wrapper' ? `'${name}'` : name;
  return named(`<${kind} ${shown} of type object at ${ADDRESS}>`, name, `str.${name}`);
}

function named(text: string, name: string, qualified: string): Thing {
  return {
    text,
    attributes: new Map([
      ['__name__', name],
      ['__qualname__', qualified],
    ]),
  };
}

function plain(text: string, name?: string): Thing {
  return name === undefined ? { text, attributes: new Map() } : named(text, name, name);
}

/** `value.name`, as far as a text's own attributes go. */
export function attributeOf(value: FormatValue, name: string): FormatValue {
  const found = typeof value === 'string' ? attributeOfText(value, name) : value.attributes.get(name);
  if (found === undefined) throw new FormatError(`a text has no attribute \`${name}\` that a name could use`);
  return found;
}

function attributeOfText(value: string, name: string): FormatValue | undefined {
  if (name === '__class__') return textClass();
  const method = METHODS.has(name);
  if (!method && !OPERATORS.has(name)) return undefined;
  return {
    text: method
      ? `<built-in method ${name} of str object at ${ADDRESS}>`
      : `<method-wrapper '${name}' of str object at ${ADDRESS}>`,
    attributes: new Map<string, FormatValue>([
      ['__name__', name],
      ['__qualname__', `str.${name}`],
      ['__self__', value],
    ]),
  };
}

/** `value[index]`; undefined: the index is no number. */
export function itemOf(value: FormatValue, index: number | undefined): FormatValue {
  if (typeof value !== 'string') throw new FormatError('only a text has characters to pick with `[…]`');
  if (index === undefined) throw new FormatError('only a number can pick a character with `[…]`');
  const character = [...value][index];
  if (character === undefined) throw new FormatError(`the text has no character number ${index}`);
  return character;
}

/** `!s`, `!r`, `!a`; NUL is what Python takes for no conversion. */
export function convert(value: FormatValue, conversion: string): FormatValue {
  const text = typeof value === 'string' ? value : value.text;
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
