import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../cli/base-command.js';
import { EXIT } from '../../cli/exit-status.js';
import { FOLDER_FLAG, workerFolder } from '../../cli/worker-flags.js';
import { cronwrap } from '../../worker/cronwrap.js';

export default class Cronwrap extends BaseCommand {
  static override summary = 'Run a program, and tell the server how it ended.';
  static override description = "Its output goes to logs/ in the worker's folder. The status is 1 when it failed.";
  static override examples = ['<%= config.bin %> worker cronwrap /srv/worker/clean-caches.sh --folder /srv/worker'];
  static override args = {
    script: Args.string({ required: true, ignoreStdin: true, description: 'the program; it gets no arguments' }),
  };
  static override flags = FOLDER_FLAG;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cronwrap);
    const { failure, log } = await cronwrap(workerFolder(flags), args.script);
    if (failure === undefined) return;
    process.stderr.write(`${args.script} failed (${failure}); its output is in ${log}. The server has been told.\n`);
    this.endWith(EXIT.failed);
  }
}
