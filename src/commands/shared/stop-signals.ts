/** SIGTERM and SIGINT for a process that ends in an orderly way. */
export interface StopSignals {
  /** Aborts at the first of them. */
  stop: AbortSignal;
  /** Aborts at the second: whoever sends it does not want to wait. */
  leave: AbortSignal;
}

export function watchStopSignals(): StopSignals {
  const [stop, leave] = [new AbortController(), new AbortController()];
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => (stop.signal.aborted ? leave : stop).abort());
  }
  return { stop: stop.signal, leave: leave.signal };
}
