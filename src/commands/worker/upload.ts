import { readStreamBounded, UsageError } from '../../lib/index.js';
import { WorkerClient } from '../../server/index.js';
import { readSettings } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

/** It is held in memory, and compressed there. */
const LONGEST_LOG = 256 * 1024 * 1024;

export default class Upload extends BaseCommand {
  static override summary = 'Send stdin to the server, as a log for the people who support this worker.';
  static override examples = [
    'journalctl -u jobserv --since today | <%= config.bin %> worker upload --folder /srv/worker',
  ];
  static override flags = FOLDER_FLAG;

  async run(): Promise<void> {
    const { flags } = await this.parse(Upload);
    const settings = await readSettings(workerFolder(flags));
    const log = await readStreamBounded(process.stdin, LONGEST_LOG).catch((error: Error) => {
      throw new UsageError(`The log on stdin cannot be sent: ${error.message}. Send less of it, its end for example.`);
    });
    const server = new WorkerClient(settings);
    await server.sendLogs(log).finally(() => server.close());
    this.print(`Sent ${log.length} bytes to ${settings.serverUrl}.`);
  }
}
