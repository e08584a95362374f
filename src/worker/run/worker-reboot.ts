/** A run that requests a reboot: its folder is moved to where the next boot finds it, and the machine goes down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, type Reboot, type RebootRequest, RunFailure } from '../../executor/index.js';
import { retry, runProcess, writeAtomically } from '../../lib/index.js';
import { readRundef, rundefPath } from '../runs.js';
import type { RunJournal } from './run-journal.js';

export interface RebootOptions {
  journal: RunJournal;
  /** The worker's name. */
  worker: string;
  /** Where the run waits for the boot. */
  rebootedRun: string;
  /** The ids of the machine's current boot, and of the one in which the run was last in progress. */
  boot: string;
  bootBefore: string | undefined;
  /** Programs, from `[tools]`; they get no arguments. */
  tools: { reboot: string; coldReboot: string };
  /** Milliseconds: before each further try of the command, and until the machine should be down. */
  waits?: readonly number[] | undefined;
  downAfter?: number | undefined;
}

const WAITS = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((seconds) => seconds * 1000);
const DOWN_AFTER = 180_000;

/** Resolves when the machine has booted since the run was last in progress; else this process ends with the machine. */
export function workerReboot(options: RebootOptions): Reboot {
  const { journal, worker, rebootedRun, boot, bootBefore, tools, waits = WAITS, downAfter = DOWN_AFTER } = options;
  let rebooted = bootBefore !== undefined && bootBefore !== boot;
  return {
    reboot: async (request: RebootRequest, log: Log) => {
      if (rebooted) {
        rebooted = false;
        await journal.update({ boot });
        await log.heading('Continuing after the reboot');
        return;
      }
      const { folder } = journal;
      await keepForReference(folder, request.script, worker);
      // When another run waits there, this one stays where it is; its state holds the reboot.
      if (folder !== rebootedRun) await journal.move(rebootedRun).catch(ignoreTaken);
      try {
        await goDown(request.cold ? tools.coldReboot : tools.reboot, waits, log);
        await sleep(downAfter);
        throw new RunFailure('setup', `The machine did not reboot within ${downAfter / 1000} s.`);
      } catch (error) {
        if (journal.folder !== folder) await journal.move(folder);
        throw error;
      }
    },
  };
}

/** The reference's worker has no state file: in its rundef it looks for the script to go on with, should it get this folder. */
async function keepForReference(folder: string, script: string, worker: string): Promise<void> {
  const rundef = await readRundef(folder);
  const env = { ...(rundef['env'] as object | null | undefined), H_WORKER: worker };
  await writeAtomically(rundefPath(folder), JSON.stringify({ ...rundef, env, 'reboot-script': script }));
}

function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

async function goDown(command: string, waits: readonly number[], log: Log): Promise<void> {
  const attempt = async () => {
    const { failure } = await runProcess([command]).catch(({ message }: Error) => ({ failure: `it ${message}` }));
    if (failure !== undefined) {
      throw new RunFailure('setup', `The machine cannot be rebooted with "${command}": ${failure}`);
    }
  };
  const before = (error: unknown, wait: number) =>
    log.warn(`${(error as Error).message}. Trying again in ${wait / 1000} s.`);
  await retry(attempt, { waits, before });
}
