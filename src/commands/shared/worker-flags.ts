/** What all `worker` commands take. */
import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { type WorkerLog, workerLog } from '../../worker/log.js';

export const FOLDER_FLAG = {
  folder: Flags.string({
    description: "the worker's folder, that of its settings.conf; the current one when none is named",
    helpValue: 'DIR',
    env: 'JOBSERV_WORKER_FOLDER',
  }),
};

export const WORKER_FLAGS = {
  ...FOLDER_FLAG,
  'log-format': Flags.string({
    description: 'how the log on stderr is written',
    options: ['text', 'json'],
    default: 'text',
  }),
};

export const workerFolder = (flags: { folder?: string | undefined }): string => resolve(flags.folder ?? '.');

/** A log on stderr; its level is that of the settings, once they have been read. */
export function openLog(flags: { 'log-format': string }): WorkerLog {
  return workerLog({ format: flags['log-format'] === 'json' ? 'json' : 'text', level: 'info' });
}
