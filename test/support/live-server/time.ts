/** Now, as the server writes it: no fractions, an offset. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}+00:00`;
}
