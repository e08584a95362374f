/** JSON from elsewhere, which may hold anything. The parser's own message is never shown: it quotes the text. */

/** The value as an object; undefined for a list, null, and everything else. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The object that a text holds; undefined for what is no JSON, or another value. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
