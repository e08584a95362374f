import { unregister } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { FOLDER_FLAG, workerFolder } from '../shared/flags.js';

export default class Unregister extends BaseCommand {
  static override summary = 'Remove this worker from its server.';
  static override description = 'The folder stays as it is, and runs in progress continue to their end.';
  static override examples = ['<%= config.bin %> worker unregister --folder /srv/worker'];
  static override flags = FOLDER_FLAG;

  async run(): Promise<void> {
    const { flags } = await this.parse(Unregister);
    const { name, server } = await unregister(workerFolder(flags));
    this.print(`The worker ${name} is no longer registered at ${server}.`);
  }
}
