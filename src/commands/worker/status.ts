import { renderWorkerStatus, styleFor } from '../../terminal/index.js';
import { workerStatus } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

export default class Status extends BaseCommand {
  static override summary = 'Show the runs in progress on this worker: phase, age, and console not yet sent.';
  static override examples = [
    '<%= config.bin %> worker status --folder /srv/worker',
    {
      description: 'How much of the consoles is waiting for the server, bytes',
      command: "<%= config.bin %> worker status --json | jq '[.runs[].spoolBytes] | add'",
    },
  ];
  static override enableJsonFlag = true;
  static override flags = FOLDER_FLAG;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Status);
    const status = await workerStatus(workerFolder(flags));
    this.print(renderWorkerStatus(status, styleFor(process.stdout)));
    return status;
  }
}
