/** Milliseconds of a clock that nobody sets. `performance.now()` is the same, but Node loads much for its first call. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
