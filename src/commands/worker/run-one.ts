import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { executeRunProcess } from '../../worker/run-process.js';
import { BaseCommand } from '../shared/base-command.js';
import { openLog, WORKER_FLAGS } from '../shared/worker-flags.js';

/** What `check` and `loop` start for each run; nobody else needs it. */
export default class RunOne extends BaseCommand {
  static override hidden = true;
  static override summary = 'Execute the run of a folder in runs/, or go on with it.';
  static override args = {
    run: Args.string({ required: true, ignoreStdin: true, description: "the run's folder" }),
  };
  static override flags = {
    'log-format': WORKER_FLAGS['log-format'],
    'after-reboot': Flags.boolean({ description: 'report that the host went down during the run' }),
    'give-up': Flags.boolean({ description: 'report that its process died again and again' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RunOne);
    const why = { afterReboot: Boolean(flags['after-reboot']), givenUp: Boolean(flags['give-up']) };
    await executeRunProcess(args.run, why, openLog(flags));
  }
}
