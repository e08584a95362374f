import * as Args from '@oclif/core/args';
import { printMessage } from '../../terminal/index.js';
import { cronwrap } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { EXIT } from '../shared/errors.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

export default class Cronwrap extends BaseCommand {
  static override summary = 'Run a program, and report to the server how it ended.';
  static override description =
    "Its output goes to logs/ in the worker's folder. The exit status is 1 when it failed, and 3 when the report did not reach the server.";
  static override examples = ['<%= config.bin %> worker cronwrap /srv/worker/clean-caches.sh --folder /srv/worker'];
  static override args = {
    script: Args.string({ required: true, ignoreStdin: true, description: 'the program; it gets no arguments' }),
  };
  static override flags = FOLDER_FLAG;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cronwrap);
    const { failure, log, untold } = await cronwrap(workerFolder(flags), args.script);
    const reported = untold === undefined ? ' This was reported to the server.' : '';
    if (failure !== undefined) {
      printMessage(`${args.script} failed (${failure}); its output is in ${log}.${reported}`);
    }
    if (untold !== undefined) printMessage(`The end of ${args.script} was not reported to the server. ${untold}`);
    if (failure !== undefined) this.endWith(EXIT.failed);
    else if (untold !== undefined) this.endWith(EXIT.environment);
  }
}
