/** What a worker is doing, for people. */
import { formatSize, plural, printable } from '../lib/index.js';
import type { Style } from './style.js';
import { renderTable } from './table.js';

interface Status {
  name: string;
  server: string;
  concurrentRuns: number;
  loop?: number;
  runs: readonly {
    folder: string;
    runUrl?: string;
    phase?: string;
    phaseSeconds?: number;
    ageSeconds?: number;
    spoolBytes: number;
    pid?: number;
    problem?: string;
    unreported?: { since: string; next: string; answer: string };
  }[];
}

export function renderWorkerStatus({ name, server, concurrentRuns, loop, runs }: Status, style: Style): string {
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
  return `${head}\n${renderTable(['RUN', 'PHASE', 'AGE', 'SPOOL', 'PROCESS'], rows, style)}${notes}`;
}

/** `2 h 5 min`, `3 min 20 s`, `12 s`. */
function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '?';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
