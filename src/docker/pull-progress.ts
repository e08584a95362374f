/** The engine's account of a pull: JSON objects, one a line. */
import type { Readable } from 'node:stream';

export interface PullEvent {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
}

const MOST_CHARACTERS = 1024 * 1024;

/** @throws Error for a line that is no JSON, or has no end */
export async function* pullEvents(stream: Readable): AsyncGenerator<PullEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_CHARACTERS) throw new Error('the engine sends a line without end');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}

/** The line that `docker pull` prints for it where there is no terminal; undefined for the steps of a progress bar. */
export function progressLine({ id, status, progressDetail }: PullEvent): string | undefined {
  if (!status || progressDetail?.current || progressDetail?.total) return undefined;
  return id ? `${id}: ${status}\n` : `${status}\n`;
}

export function digestOf({ status }: PullEvent): string | undefined {
  return /^Digest: (\S+)$/.exec(status ?? '')?.[1];
}
