/** The whole of a run's own process: what the worker's settings add around the run itself. */
import type { StringMap } from '../schema/model.js';
import { blockMetadataService, type CallbackAction, runCallback } from './host-programs.js';
import type { WorkerLog } from './log.js';
import { executeRunFolder } from './run/run-one.js';
import {
  currentBoot,
  exists,
  type RunOneOptions,
  type RunState,
  readRundef,
  readRunState,
  rundefPath,
  workerFolderOf,
} from './runs.js';
import { readSettings, type WorkerSettings } from './settings.js';

/**
 * Executes the run of a folder to its end, or goes on with it; see `executeRunFolder`.
 *
 * @throws what nobody foresaw; then the folder stays, and the next check-in starts it again
 */
export async function executeRunProcess(folder: string, why: RunOneOptions, log: WorkerLog): Promise<void> {
  const settings = await readSettings(workerFolderOf(folder));
  log.level = settings.logLevel;
  // Its end has been told: only what is left of its folder is removed.
  const setAside = (path: string, reason: string) =>
    log.error(`The folder of a run cannot be removed, and is out of the way now: ${reason}`, { folder: path });
  if (!(await exists(rundefPath(folder)))) return void (await executeRunFolder(folder, settings, { setAside }));
  const state = await readRunState(folder);
  const env = textsIn((await readRundef(folder))['env']);
  const refused = await beforeRun(settings, state, env, log);
  const about = { run: state.runUrl };
  await executeRunFolder(folder, settings, {
    ...why,
    ...(refused === undefined ? {} : { refused }),
    setAside,
    folderRemoved: () => log.error('The folder of a run was removed while the run was in progress', about),
    unreported: (answer, next) =>
      log.warning(
        `The server does not accept the end of a run: its slot is free, and it is reported again later. ${answer}`,
        { ...about, next },
      ),
    ended: async (outcome) => {
      const { status } = outcome;
      log.info('A run has ended', { ...about, status, ...(status === 'FAILED' ? { cause: outcome.cause } : {}) });
      for (const warning of outcome.warnings) log.warning(warning, about);
      await callBack(settings, 'RUN_COMPLETE', env).catch((error: Error) => log.error(error.message, about));
    },
  });
}

/** @returns why the run may not begin here */
async function beforeRun(
  settings: WorkerSettings,
  state: RunState,
  env: StringMap,
  log: WorkerLog,
): Promise<string | undefined> {
  try {
    if (settings.blockMetadataService) await blockMetadataService(log);
    if (state.starts === 0 || (await isBackFromReboot(state))) await callBack(settings, 'RUN_START', env);
    return undefined;
  } catch (error) {
    const message = (error as Error).message;
    log.error(message, { run: state.runUrl });
    return `The worker ${settings.hostname} cannot execute runs now: ${message}`;
  }
}

/** What a callback has switched on may be off after it. */
async function isBackFromReboot({ known, boot }: RunState): Promise<boolean> {
  return known.reboot !== undefined && boot !== (await currentBoot());
}

async function callBack({ callbackScript }: WorkerSettings, action: CallbackAction, env: StringMap): Promise<void> {
  if (callbackScript === undefined) return;
  await runCallback(callbackScript, action, env).catch((cause: Error) => {
    throw new Error(`its callback_script ${callbackScript} cannot be started: ${cause.message}`, { cause });
  });
}

function textsIn(value: unknown): StringMap {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
