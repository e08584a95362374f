/** Addresses as text: read, and shown without what is secret in them. */

/** An http or https address; undefined for anything else. */
export function parseHttpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Without user, password, query and fragment: keys stand there. */
export function withoutSecrets(address: string): string {
  const url = parseHttpUrl(address);
  return url === undefined ? 'an address that cannot be read' : `${url.origin}${url.pathname}`;
}

export function hostOf(address: string): string {
  return parseHttpUrl(address)?.host ?? 'the server';
}
