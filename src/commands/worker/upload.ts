import { buffer } from 'node:stream/consumers';
import { WorkerClient } from '../../server/workers.js';
import { readSettings } from '../../worker/settings.js';
import { BaseCommand } from '../shared/base-command.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

export default class Upload extends BaseCommand {
  static override summary = 'Send stdin to the server, as a log for the people who support this worker.';
  static override examples = [
    'journalctl -u jobserv --since today | <%= config.bin %> worker upload --folder /srv/worker',
  ];
  static override flags = FOLDER_FLAG;

  async run(): Promise<void> {
    const { flags } = await this.parse(Upload);
    const settings = await readSettings(workerFolder(flags));
    const log = await buffer(process.stdin);
    const server = new WorkerClient(settings);
    await server.sendLogs(log);
    await server.close();
    this.print(`Sent ${log.length} bytes to ${settings.serverUrl}.`);
  }
}
