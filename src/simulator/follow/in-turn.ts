/**
 * Works through a queue, `jobs` at a time, in order; `work` may add to it while it goes on.
 * After an interruption, or an error, nothing further is begun; what is under way is waited for.
 *
 * @returns the results in the order of the queue, and what was left in it
 */
export async function inTurn<T, R>(
  queue: T[],
  jobs: number,
  signal: AbortSignal,
  work: (item: T, index: number) => Promise<R>,
): Promise<{ results: R[]; left: number }> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const busy = new Set<Promise<void>>();
  let begun = 0;
  const begin = async (item: T, index: number) => {
    try {
      results[index] = await work(item, index);
    } catch (error) {
      failures.push(error);
    }
  };
  for (;;) {
    while (busy.size < jobs && begun < queue.length && failures.length === 0 && !signal.aborted) {
      const job = begin(queue[begun] as T, begun).finally(() => busy.delete(job));
      begun += 1;
      busy.add(job);
    }
    if (busy.size === 0) break;
    await Promise.race(busy);
  }
  if (failures.length > 0) throw failures[0];
  return { results: results.filter((result) => result !== undefined), left: queue.length - begun };
}
