import * as Flags from '@oclif/core/flags';
import { loop } from '../../worker/loop.js';
import { runProcesses, thisProgram } from '../../worker/run-processes.js';
import { BaseCommand } from '../shared/base-command.js';
import { openLog, WORKER_FLAGS, workerFolder } from '../shared/flags.js';
import { watchStopSignals } from '../shared/interrupts.js';

export default class Loop extends BaseCommand {
  static override summary = 'Check in with the server for ever, and execute the runs that it gives.';
  static override description =
    'Each run is a process of its own and outlives the loop: it can be stopped, upgraded or killed at any time. SIGTERM or Ctrl-C: no new runs, and an end when those in progress have ended; a second one ends it at once. Runs go on in any case, and the next start finds them.';
  static override examples = [
    {
      description: 'In a folder that was made with register',
      command: '<%= config.bin %> worker loop --folder /srv/worker',
    },
    {
      description: 'A machine that switches itself off when there has been nothing to do for half an hour',
      command: '<%= config.bin %> worker loop --idle-command /sbin/poweroff --idle-threshold 30',
    },
  ];
  static override flags = {
    ...WORKER_FLAGS,
    every: Flags.integer({
      description: 'seconds between check-ins; 20 when not given, and 90 for a worker that only takes surges',
      helpValue: 'S',
      min: 1,
    }),
    'idle-command': Flags.string({
      description: 'a program that is run while the worker has nothing to do',
      helpValue: 'CMD',
    }),
    'idle-threshold': Flags.integer({
      description: 'minutes without a run before that',
      helpValue: 'M',
      min: 0,
      default: 15,
    }),
    drain: Flags.boolean({ description: 'when stopped, wait for the runs in progress', default: true, allowNo: true }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Loop);
    const log = openLog(flags);
    const { stop, leave } = watchStopSignals();
    const command = flags['idle-command'];
    await loop({
      folder: workerFolder(flags),
      log,
      processes: runProcesses(thisProgram(), log, ['--log-format', flags['log-format']]),
      every: flags.every,
      idle: command === undefined ? undefined : { command, threshold: flags['idle-threshold'] },
      stop,
      leave: flags.drain ? leave : stop,
    });
  }
}
