/** The whole of a run's own process: what the worker's settings add around the run itself. */
import type { StringMap } from '../schema/model.js';
import { type CallbackAction, runCallback } from './callbacks.js';
import type { WorkerLog } from './log.js';
import { blockMetadataService } from './metadata-service.js';
import { executeRunFolder } from './run/run-one.js';
import { type RunOneOptions, type RunState, readRundef, readRunState, workerFolderOf } from './run-state.js';
import { readSettings, type WorkerSettings } from './settings.js';

/**
 * Executes the run of a folder to its end, or goes on with it; see `executeRunFolder`.
 *
 * @throws what nobody foresaw; then the folder stays, and the next check-in starts it again
 */
export async function executeRunProcess(folder: string, why: RunOneOptions, log: WorkerLog): Promise<void> {
  const settings = await readSettings(workerFolderOf(folder));
  log.level = settings.logLevel;
  const state = await readRunState(folder);
  const env = textsIn((await readRundef(folder))['env']);
  const refused = await beforeRun(settings, state, env, log);
  const outcome = await executeRunFolder(folder, settings, {
    ...why,
    ...(refused === undefined ? {} : { refused }),
  });
  if (outcome === undefined) return;
  const { status } = outcome;
  log.info('A run has ended', { run: state.runUrl, status, ...(status === 'FAILED' ? { cause: outcome.cause } : {}) });
  for (const warning of outcome.warnings) log.warning(warning, { run: state.runUrl });
  await callBack(settings, 'RUN_COMPLETE', env).catch((error: Error) =>
    log.error(error.message, { run: state.runUrl }),
  );
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
    if (state.starts > 0 || settings.callbackScript === undefined) return undefined;
    await callBack(settings, 'RUN_START', env);
    return undefined;
  } catch (error) {
    const message = (error as Error).message;
    log.error(message, { run: state.runUrl });
    return `The worker ${settings.hostname} cannot execute runs now: ${message}`;
  }
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
