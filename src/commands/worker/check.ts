import { WorkerClient } from '../../server/index.js';
import { check, readSettings, retriesTo, runProcesses, thisProgram } from '../../worker/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { openLog, WORKER_FLAGS, workerFolder } from '../shared/flags.js';

export default class Check extends BaseCommand {
  static override summary = 'Check in with the server once, and take a run if a slot is free.';
  static override description =
    'The run continues in a process of its own. Runs whose process died are continued. On a host without a service manager, call it from cron.';
  static override examples = ['<%= config.bin %> worker check --folder /srv/worker --log-format json'];
  static override flags = WORKER_FLAGS;

  async run(): Promise<void> {
    const { flags } = await this.parse(Check);
    const log = openLog(flags);
    const settings = await readSettings(workerFolder(flags));
    log.level = settings.logLevel;
    const server = new WorkerClient(settings, retriesTo(log));
    const processes = runProcesses(thisProgram(), log, ['--log-format', flags['log-format']]);
    const { inProgress, skipped } = await check({ settings, server, log, processes });
    if (skipped === 'busy') log.warning('Another check-in is under way');
    else log.info('Checked in', { in_progress: inProgress });
  }
}
