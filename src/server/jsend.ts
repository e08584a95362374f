/** The server's envelope: `{status, data | message}` (SPEC 5). */
import { objectOf } from '../lib/index.js';

/** `data` of a good answer; undefined for a body that is no such envelope. */
export function jsendData(body: Buffer): Record<string, unknown> | undefined {
  const envelope = objectOf(parse(body));
  if (envelope === undefined || typeof envelope['status'] !== 'string') return undefined;
  return envelope['status'] === 'success' ? (objectOf(envelope['data']) ?? {}) : undefined;
}

/** The error message of an envelope: a text, a list, or an object with a message. */
export function jsendMessage(body: Buffer): string | undefined {
  const envelope = objectOf(parse(body));
  if (envelope === undefined) return undefined;
  const data = objectOf(envelope['data']);
  for (const said of [envelope['message'], data?.['message'], envelope['data'], envelope['error']]) {
    if (typeof said === 'string') return said;
    if (Array.isArray(said) && said.length > 0 && said.every((one) => typeof one === 'string')) return said.join(' ');
  }
  return undefined;
}

/** Deeper than any answer or run definition; what walks a value by recursion must not run out of stack. */
const DEEPEST = 200;
/** The 100,000 test results that a run may have are half of it. Each value takes memory, however short its text is. */
const MOST_VALUES = 1_000_000;

/** A JSON value; undefined for what is none, is nested more than 200 deep, or has more than a million values. */
export function parse(body: Buffer | string): unknown {
  const text = body.toString();
  try {
    return isExcessive(text) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Counts brackets and commas outside of strings; of a text that is no JSON the answer does not matter. */
function isExcessive(text: string): boolean {
  let depth = 0;
  let values = 0;
  let quoted = false;
  for (let at = 0; at < text.length && depth <= DEEPEST && values <= MOST_VALUES; at++) {
    const one = text[at];
    if (quoted && one === '\\') at++;
    else if (one === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (one === ',') values++;
    else if (one === '[' || one === '{') [depth, values] = [depth + 1, values + 1];
    else if (one === ']' || one === '}') depth--;
  }
  return depth > DEEPEST || values > MOST_VALUES;
}
