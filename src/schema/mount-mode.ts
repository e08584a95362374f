/**
 * The mode behind a volume's path (`/ccache:ro,z`), as Docker reads it for a folder of the host; measured with Docker
 * 20.10 and 29. `nocopy` is for the engine's own volumes only.
 */
const KINDS: readonly RegExp[] = [
  /^(?:ro|rw)$/,
  /^[zZ]$/,
  /^(?:consistent|cached|delegated)$/,
  /^r?(?:shared|slave|private)$/,
];

/** @returns the words of the mode; undefined for one that Docker refuses: it takes at most one word of each kind */
export function mountModeWords(mode: string): string[] | undefined {
  const words = mode.split(',');
  const kinds = words.map((word) => KINDS.findIndex((kind) => kind.test(word)));
  return kinds.includes(-1) || new Set(kinds).size < kinds.length ? undefined : words;
}
