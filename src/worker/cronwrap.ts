/** Runs a program of the host, and reports to the server how it ended. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder, type ProcessError, runWithOutput } from '../lib/index.js';
import { WorkerClient } from '../server/index.js';
import { readSettings } from './settings.js';

/** Of the output, what an event quotes: bytes. */
const QUOTED = 1024;

export interface Wrapped {
  /** How it failed; undefined when it did not. */
  failure?: string;
  /** Where its output is. */
  log: string;
  /** Why it could not be reported to the server. */
  untold?: string;
}

/** @throws SettingsError before it runs */
export async function cronwrap(folder: string, script: string): Promise<Wrapped> {
  const settings = await readSettings(folder);
  // In the worker's own folder: a name in /tmp is anybody's to put a link under.
  const logs = await makeFolder(join(folder, 'logs'));
  const path = join(logs, `cronwrap-${basename(script)}.log`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  const server = new WorkerClient(settings);
  try {
    const begun = performance.now();
    const failure = await failureOfScript(script, file.fd);
    const seconds = Math.round((performance.now() - begun) / 1000);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(QUOTED), position: 0 });
    const quoted = buffer.subarray(0, bytesRead).toString();
    const event = {
      title: `Cron job ${script}`,
      ...(failure === undefined
        ? { type: 'info', msg: `It succeeded after ${seconds} s.` }
        : {
            type: 'error',
            msg: `It failed after ${seconds} s: ${failure}. Its output is in ${path}, and begins with:\n${quoted}`,
          }),
    };
    const untold = await server.sendEvent(event).then(
      () => undefined,
      (error: Error) => error.message,
    );
    return {
      log: path,
      ...(failure === undefined ? {} : { failure }),
      ...(untold === undefined ? {} : { untold }),
    };
  } finally {
    await server.close();
    await file.close();
  }
}

async function failureOfScript(script: string, output: number): Promise<string | undefined> {
  try {
    const { status, signal } = await runWithOutput([script], output);
    return status === 0 ? undefined : (signal ?? `status ${status}`);
  } catch (error) {
    return `it ${(error as ProcessError).message}`;
  }
}
