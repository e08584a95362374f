import * as Flags from '@oclif/core/flags';
import { printable } from '../../lib/index.js';
import { printMessage } from '../../terminal/index.js';
import { gcVolumes, removeTree } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { EXIT } from '../shared/errors.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

export default class GcVolumes extends BaseCommand {
  static override summary = 'Remove the persistent volumes of projects that the server no longer has.';
  static override examples = [
    { description: 'Show what it would remove', command: '<%= config.bin %> worker gc-volumes --dryrun' },
    {
      description: 'From cron, with a report to the server',
      command: '<%= config.bin %> worker gc-volumes --folder /srv/worker',
    },
  ];
  static override enableJsonFlag = true;
  static override flags = { ...FOLDER_FLAG, dryrun: Flags.boolean({ description: 'only show what would be removed' }) };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(GcVolumes);
    const dryRun = Boolean(flags.dryrun);
    const { removed, failed, busy, untold } = await gcVolumes({
      folder: workerFolder(flags),
      dryRun,
      removeTree: removeTree,
    });
    for (const name of removed) this.print(`${dryRun ? 'would remove' : 'removed'} ${printable(name)}`);
    for (const { name, reason } of failed) printMessage(`The volumes of ${name} are still there. ${reason}`);
    if (busy) this.print('Another process is removing volumes now.');
    else if (removed.length + failed.length === 0) this.print('Nothing to remove.');
    if (untold !== undefined) printMessage(`Not everything was reported to the server. ${untold}`);
    if (failed.length > 0 || untold !== undefined) this.endWith(EXIT.environment);
    return { version: 1, dryRun, removed, failed, busy, ...(untold === undefined ? {} : { untold }) };
  }
}
