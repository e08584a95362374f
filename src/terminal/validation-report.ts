/** What `validate` found, file by file, and the summary of it. */
import { escapeInJson, plural } from '../lib/index.js';
import type { Diagnostic } from '../lint/index.js';
import type { Style } from './style.js';

/** What was found in one file. */
export interface FileReport {
  path: string;
  /** The live server's verdict, whatever the lints say. */
  accepted: boolean;
  diagnostics: readonly Diagnostic[];
  /** The verdict of the server of `--server`. */
  asked?: ServerWord;
  /** Under `--fix`. */
  fixed?: Repairs;
}

export interface ServerWord {
  /** Its address. */
  server: string;
  accepted: boolean;
  /** Why it rejects. */
  message?: string;
}

export interface Repairs {
  /** How many were made. */
  repairs: number;
  /** Under `--dry-run`: a unified diff. */
  diff?: string;
  /** The whole text, when it came from stdin. */
  text?: string;
}

/** Turns reports into text, each as it comes; only what is needed at the end is kept. */
export interface ReportWriter {
  file(report: FileReport, source: string): string | Promise<string>;
  /**
   * Once, after the last file.
   *
   * @param error why there are no more files, if that is not all of them
   */
  end(totals: Totals, error?: { message: string; status: number; reason: string }): string;
}

/** What is reported of all files together. */
export class Totals {
  files = 0;
  rejected = 0;
  errors = 0;
  warnings = 0;
  infos = 0;
  /** Repairs that `--fix` made, or with a difference would make; and those that it could. */
  repairs = 0;
  repairable = 0;
  /** Names for which another one was probably meant: `--fix --unsafe` would replace them. */
  suggested = 0;
  fixing = false;
  /** What was probably meant has been put in place already, where that is possible. */
  unsafe = false;
  dryRun = false;
  /** The server that was asked, about how many definitions, and on how many it disagrees or rejects. */
  server: string | undefined;
  asked = 0;
  disagreeing = 0;
  rejectedThere = 0;

  add({ accepted, diagnostics, asked, fixed }: FileReport): void {
    this.files += 1;
    if (!accepted) this.rejected += 1;
    for (const { severity, fix, suggestion } of diagnostics) {
      if (severity === 'error') this.errors += 1;
      else if (severity === 'warning') this.warnings += 1;
      else this.infos += 1;
      if (fix) this.repairable += 1;
      if (suggestion) this.suggested += 1;
    }
    if (fixed) {
      this.fixing = true;
      this.repairs += fixed.repairs;
      if (fixed.diff !== undefined) this.dryRun = true;
    }
    if (asked) {
      this.server ??= asked.server;
      this.asked += 1;
      if (asked.accepted !== accepted) this.disagreeing += 1;
      if (!asked.accepted) this.rejectedThere += 1;
    }
  }

  get summary(): { files: number; rejected: number; errors: number; warnings: number; infos: number } {
    const { files, rejected, errors, warnings, infos } = this;
    return { files, rejected, errors, warnings, infos };
  }
}

/** An element of a list, indented. */
export function jsonElement(value: unknown, indent: number): string {
  return escapeInJson(JSON.stringify(value, null, 2)).replaceAll(/^/gm, ' '.repeat(indent));
}

/** The findings of a file, and where a server that was asked disagrees with us. */
export function findingsOf({ accepted, diagnostics, asked }: FileReport): readonly Diagnostic[] {
  if (asked === undefined || asked.accepted === accepted) return diagnostics;
  const said = asked.message === undefined ? '' : `, and says: ${oneLine(asked.message)}`;
  const message = asked.accepted
    ? `${asked.server} accepts this definition; by what is found here it would reject it.`
    : `${asked.server} rejects this definition, which nothing found here explains${said}`;
  const help = 'Its version may differ from the one that these checks follow: please report it.';
  const severity = 'error';
  const server = asked.accepted ? 'accepts' : 'rejects';
  const start = { line: 1, column: 1, endLine: 1, endColumn: 1 };
  return [{ rule: 'server-disagrees', severity, server, message, path: '', ...start, help }, ...diagnostics];
}

/** The server shows Python's errors, which may be long and of many lines. */
function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

/** One line: how many definitions and findings, and what the server would say. */
export function verdict(totals: Totals, style: Style): string {
  const { files, rejected, errors, warnings, infos } = totals;
  const definitions = plural(files, 'definition');
  const counts = [
    plural(errors, 'error'),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
    ...(infos > 0 ? [plural(infos, 'hint')] : []),
  ].join(', ');
  const them = files === 1 ? 'it' : 'them';
  const words =
    errors + warnings + infos === 0
      ? style.green(`${definitions}: the server would accept ${them}.`)
      : rejected === 0
        ? `${definitions}: ${counts}; the server would accept ${them} as written.`
        : `${definitions}: ${counts}; ${style.red(`the server would reject ${files === 1 ? 'it' : `${rejected} of them`}`)}.`;
  return `${words}${repairsMade(totals)}${askedServer(totals, style)}`;
}

function repairsMade({ repairs, repairable, suggested, fixing, unsafe, dryRun }: Totals): string {
  const made =
    repairs > 0
      ? ` ${plural(repairs, 'repair')} ${dryRun ? `to be made with --fix${unsafe ? ' --unsafe' : ''}` : 'made'}.`
      : '';
  const possible = repairable > 0 && !fixing ? ` --fix repairs ${repairable} of these.` : '';
  const names =
    suggested > 0 && !unsafe ? ` --fix --unsafe replaces ${plural(suggested, 'name')} by what was probably meant.` : '';
  return `${made}${possible}${names}`;
}

function askedServer({ server, asked, disagreeing, files }: Totals, style: Style): string {
  if (server === undefined) return '';
  if (disagreeing > 0) return ` ${style.red(`${server} disagrees on ${plural(disagreeing, 'definition')}`)}.`;
  return asked === files ? ` ${server} agrees.` : ` ${server} agrees on those that it was asked about.`;
}
