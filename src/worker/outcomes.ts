/** Counts the runs of a worker by status and cause, from the making of its folder on. */
import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOutcome } from '../executor/index.js';
import { makeFolderBelow } from '../lib/index.js';

export interface Outcomes {
  status: string;
  /** Of a FAILED run. */
  cause?: string;
  count: number;
}

const NAME = 'outcomes';

/** A file's size is its count: each end adds a byte, so that processes need no lock, and a full disk loses one count. */
export async function countOutcome(worker: string, outcome: RunOutcome): Promise<void> {
  const folder = await makeFolderBelow(worker, [NAME], 0o700);
  const name = outcome.status === 'FAILED' ? `FAILED.${outcome.cause}` : outcome.status;
  await appendFile(join(folder, name), '.', { mode: 0o600 });
}

/** In the order of their names; empty before the first run has ended. */
export async function readOutcomes(worker: string): Promise<Outcomes[]> {
  const folder = join(worker, NAME);
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.sort().map(async (name) => {
      const [status = '', cause] = name.split('.');
      const { size } = await stat(join(folder, name));
      return { status, ...(cause !== undefined && { cause }), count: size };
    }),
  );
}
