/**
 * A definition as the server keeps it with its build, and reads it again when something is to be
 * started: every mapping in the order of its keys, as PyYAML writes it. Scripts can see that:
 * in the order of their environment, and of volumes.
 */
export function asStored<T>(value: T): T {
  if (Array.isArray(value)) return value.map(asStored) as T;
  if (typeof value !== 'object' || value === null) return value;
  const stored: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) stored[key] = asStored(item);
  return stored as T;
}
