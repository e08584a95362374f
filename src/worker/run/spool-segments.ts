/** The files of a spool, each named for the offset of its first byte: what of them a process that died has left. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Segment {
  start: number;
  path: string;
}

/**
 * The files without a gap from the first one on, and where they end: not after `end`. A loss of power
 * may have taken what was not on the disk yet; bytes beyond `end` were written by a process that died
 * before it could say so. Neither stays.
 *
 * @param acked nothing before it is needed
 */
export function keepWhole(folder: string, acked: number, end: number): { segments: Segment[]; end: number } {
  const found = readdirSync(folder)
    .filter((name) => /^\d{16}$/.test(name))
    .sort()
    .map((name) => ({ start: Number(name), path: join(folder, name) }));
  const segments: Segment[] = [];
  let at = Math.min(acked, found[0]?.start ?? acked);
  for (const segment of found) {
    if (segment.start !== at) break;
    segments.push(segment);
    at += statSync(segment.path).size;
  }
  const last = Math.max(acked, Math.min(at, end));
  // What has nothing behind `acked` is of no use, and may end before it.
  while (segments.length > 0 && (last === acked || (segments.at(-1)?.start ?? 0) >= last)) segments.pop();
  for (const { path } of found.slice(segments.length)) rmSync(path);
  return { segments, end: last };
}
