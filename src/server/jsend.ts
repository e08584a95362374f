/** The server's envelope: `{status, data | message}` (SPEC 5). */

/** `data` of a good answer; undefined for a body that is no such envelope. */
export function jsendData(body: Buffer): Record<string, unknown> | undefined {
  const envelope = objectOf(parse(body));
  if (envelope === undefined || typeof envelope['status'] !== 'string') return undefined;
  return envelope['status'] === 'success' ? (objectOf(envelope['data']) ?? {}) : undefined;
}

/** What an envelope says went wrong, however the server wrote it: text, list, or an object with a message. */
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

/** A JSON value; undefined for what is none, as no JSON text is. */
export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
