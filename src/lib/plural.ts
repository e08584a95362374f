/** A count and its noun: `1 run`, `0 runs`, `2 runs`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}
