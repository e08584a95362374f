/** Which lines of a console are the tool's own (`ConsoleLog`), and the last ones that are not. */
import { open } from 'node:fs/promises';
import { plainLine, withoutTrailing } from '../lib/index.js';

/** `== <UTC time>: heading`, and under it `   <UTC time>: INFO  detail`. */
const OURS = /^(==| {2}) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: (?:(INFO |WARN |ERROR) )?(.*)/;
/** Of a detail with several lines. */
const CONTINUED = '   | ';
/** As long as the beginning of a line of ours, up to its text. */
const HEAD_LENGTH = '== 2026-11-30 11:56:28.389343: '.length;

export type OwnLine = { kind: 'heading' | 'detail' | 'warning'; text: string };

/** @param line without its end; bytes as latin1 */
export function ownLine(line: string): OwnLine | undefined {
  const [, mark, level, text = ''] = OURS.exec(line) ?? [];
  if (mark === undefined) return undefined;
  if (mark === '==') return { kind: 'heading', text };
  return { kind: level === 'INFO ' ? 'detail' : 'warning', text };
}

export const isContinued = (line: string): boolean => line.startsWith(CONTINUED);

/** Whether a line that is not complete yet may become one of ours. */
export function mayBecomeOurs(start: string): boolean {
  const mark = start.slice(0, 3);
  return start.length < HEAD_LENGTH ? '== '.startsWith(mark) || '   '.startsWith(mark) : ownLine(start) !== undefined;
}

/** So much of a console's end is looked at, bytes. */
const TAIL = 64 * 1024;

/** The last lines of a console file that the tool did not write, harmless; none where there is no file that can be read. */
export async function lastLines(path: string | undefined, count: number): Promise<string[]> {
  const file = count > 0 && path !== undefined ? await open(path).catch(() => undefined) : undefined;
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL)), { position: from });
    const lines = buffer.subarray(0, bytesRead).toString().split('\n');
    if (from > 0) lines.shift();
    // What follows the last return is what a terminal shows of a line.
    const others = withoutOurs(lines).map((line) => plainLine(withoutTrailing(line, '\r').replace(/^.*\r/s, '')));
    while (others.length > 0 && others.at(-1)?.trim() === '') others.pop();
    return others.slice(-count);
  } finally {
    await file.close();
  }
}

function withoutOurs(lines: readonly string[]): string[] {
  let afterOurs = false;
  return lines.filter((line) => {
    afterOurs = ownLine(line) !== undefined || (afterOurs && isContinued(line));
    return !afterOurs;
  });
}
