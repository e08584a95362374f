import { formatSize, plural, printable } from '../../lib/index.js';
import { renderTable, styleFor } from '../../terminal/index.js';
import { type WorkerStatus, workerStatus } from '../../worker/index.js';
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
    this.print(rendered(status));
    return status;
  }
}

function rendered({ name, server, concurrentRuns, loop, runs }: WorkerStatus): string {
  const at = loop === undefined ? 'its loop does not run' : `its loop is process ${loop}`;
  const taken = runs.filter(({ unreported }) => unreported === undefined).length;
  const head = `${printable(name)} at ${printable(server)}: ${taken} of ${plural(concurrentRuns, 'run')}, ${at}\n`;
  if (runs.length === 0) return head;
  const rows = runs.map((run) => [
    run.runUrl ?? run.folder,
    run.problem ?? `${run.unreported ? 'unreported' : (run.phase ?? '?')} for ${duration(run.phaseSeconds)}`,
    duration(run.ageSeconds),
    formatSize(run.spoolBytes),
    run.pid === undefined ? 'none' : String(run.pid),
  ]);
  const answers = runs.flatMap(({ folder, runUrl = folder, unreported }) =>
    unreported === undefined
      ? []
      : [
          `${printable(runUrl)}: the server does not accept its end since ${unreported.since}; next try ${unreported.next}. ${printable(unreported.answer)}\n`,
        ],
  );
  const notes = answers.length === 0 ? '' : `\n${answers.join('')}`;
  return `${head}\n${renderTable(['RUN', 'PHASE', 'AGE', 'SPOOL', 'PROCESS'], rows, styleFor(process.stdout))}${notes}`;
}

/** `2 h 5 min`, `3 min 20 s`, `12 s`. */
function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '?';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
