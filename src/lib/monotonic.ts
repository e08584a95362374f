/** Milliseconds since the machine booted: a clock that nobody sets, the same in all processes. `performance.now()` counts from the process's start. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
