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

/**
 * A name from outside as one segment of a path. Encoded or not, `.` and `..` are normalised away on the way, so that
 * another route would be met, and no server routes a segment with a slash.
 *
 * @returns undefined for a name that no segment can carry
 */
export function pathSegment(name: string): string | undefined {
  return /^\.{0,2}$|\//.test(name) ? undefined : encodeURIComponent(name.toWellFormed());
}

export function hostOf(address: string): string {
  return parseHttpUrl(address)?.host ?? 'the server';
}
