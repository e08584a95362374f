import * as Flags from '@oclif/core/flags';
import { loop, parseListen, runProcesses, thisProgram } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { openLog, WORKER_FLAGS, workerFolder } from '../shared/flags.js';
import { watchStopSignals } from '../shared/interrupts.js';

export default class Loop extends BaseCommand {
  static override summary = 'Check in with the server until stopped, and execute the runs that it hands out.';
  static override description =
    'Each run is a process of its own and outlives the loop, which can be stopped, upgraded or killed at any time. After SIGTERM or Ctrl-C it takes no new runs and ends when those in progress have ended; after a second one it ends at once. Runs continue in any case, and the next start finds them.';
  static override examples = [
    {
      description: 'In the folder of worker register',
      command: '<%= config.bin %> worker loop --folder /srv/worker',
    },
    {
      description: 'A machine that switches itself off after half an hour without a run',
      command: '<%= config.bin %> worker loop --idle-command /sbin/poweroff --idle-threshold 30',
    },
    {
      description: 'With health and figures for Prometheus, for this machine only',
      command: '<%= config.bin %> worker loop --folder /srv/worker --listen 127.0.0.1:9180',
    },
  ];
  static override flags = {
    ...WORKER_FLAGS,
    every: Flags.integer({
      description: 'seconds between check-ins; by default 20, and 90 for a worker that only takes surges',
      helpValue: 'S',
      min: 1,
    }),
    'idle-command': Flags.string({
      description: 'a program to run while the worker has nothing to do',
      helpValue: 'CMD',
    }),
    'idle-threshold': Flags.integer({
      description: 'minutes without a run before --idle-command starts',
      helpValue: 'M',
      min: 0,
      default: 15,
    }),
    listen: Flags.string({
      description: 'where to answer /health and /metrics (Prometheus); by default nowhere',
      helpValue: 'HOST:PORT',
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
      listen: flags.listen === undefined ? undefined : { ...parseListen(flags.listen), version: this.config.version },
      idle: command === undefined ? undefined : { command, threshold: flags['idle-threshold'] },
      stop,
      leave: flags.drain ? leave : stop,
    });
  }
}
