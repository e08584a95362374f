import { TAG } from './nodes.js';

/** Which type YAML 1.1 gives to a scalar without a tag, by its text alone; the patterns are PyYAML's reading of it. */

const WORDS = new Map<string, string>([
  ['', TAG.null],
  ['~', TAG.null],
  ['null', TAG.null],
  ['Null', TAG.null],
  ['NULL', TAG.null],
  ['<<', TAG.merge],
  ['=', TAG.value],
  ['!', TAG.yaml],
  ['&', TAG.yaml],
  ['*', TAG.yaml],
]);
for (const word of ['yes', 'no', 'true', 'false', 'on', 'off']) {
  for (const form of [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)])
    WORDS.set(form, TAG.bool);
}
const LONGEST_WORD = 5;

const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INT =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;

/** The tag of a plain scalar, or of one that carries the tag `!` (such a one is typed even in quotes). */
export function resolveScalar(value: string): string {
  // Python's `$` also matches before a newline at the very end, which only a scalar in quotes can have.
  const text = value.length > 1 && value.charCodeAt(value.length - 1) === 0x0a ? value.slice(0, -1) : value;
  if (text.length <= LONGEST_WORD) {
    const tag = WORDS.get(text);
    if (tag !== undefined) return tag;
  }
  const first = text.charCodeAt(0);
  const digit = first >= 0x30 && first <= 0x39;
  if (!digit && first !== 0x2d && first !== 0x2b && first !== 0x2e) return TAG.str;
  if (FLOAT.test(text)) return TAG.float;
  if (INT.test(text)) return TAG.int;
  return digit && TIMESTAMP.test(text) ? TAG.timestamp : TAG.str;
}
