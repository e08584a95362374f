import { inspect } from 'node:util';
import { CLIError, exit } from '@oclif/core/errors';
import { RunFailure } from '../../executor/index.js';
import { EnvironmentError, machineFault, printableLines, UsageError } from '../../lib/index.js';
import { type Diagnostic, nearest } from '../../lint/index.js';
import { ServerFailure } from '../../server/index.js';
import { outputLost, renderDiagnostics, styleFor, whenWritten } from '../../terminal/index.js';
import { SettingsError } from '../../worker/index.js';

/** The exit statuses, and one for our own defects that no script can mistake for a run's. */
export const EXIT = {
  passed: 0,
  /** A run failed; for `validate`, something to mend. */
  failed: 1,
  /** Wrong usage, or a definition that the server would reject. */
  usage: 2,
  /** Engine, registry, git, disk or server cannot be used. */
  environment: 3,
  /** `reproduce` cannot say whether it is the same here. */
  inconclusive: 4,
  defect: 70,
  interrupted: 130,
} as const;

/** A file that cannot be used; its findings are shown above the message. */
export class UnfitFile extends UsageError {
  override name = 'UnfitFile';
  readonly path: string;
  readonly source: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, file: { path: string; source: string; diagnostics: readonly Diagnostic[] }) {
    super(message);
    this.path = file.path;
    this.source = file.source;
    this.diagnostics = file.diagnostics;
  }
}

/** A definition that the server would reject. */
export class RejectedDefinition extends UnfitFile {
  override name = 'RejectedDefinition';

  constructor(path: string, source: string, diagnostics: readonly Diagnostic[]) {
    const message = `The server would reject ${path}, so no run of it can be built. Correct what is marked, then try again.`;
    super(message, { path, source, diagnostics });
  }
}

/** What an error means to the user, and to the caller's `$?`. */

export interface ErrorReport {
  /** One paragraph; empty when everything has been reported already. */
  message: string;
  status: number;
  /** False for a defect of ours. */
  foreseen: boolean;
}

/** In JSON: distinguishes wrong usage from a definition that the server would reject, which have one status. */
export function reasonOf(error: unknown): 'usage' | 'rejected' | 'environment' | 'failed' | 'interrupted' | 'defect' {
  if (error instanceof RejectedDefinition) return 'rejected';
  const { status } = describeError(error);
  const [reason] = (['usage', 'environment', 'failed', 'interrupted'] as const).filter((key) => EXIT[key] === status);
  return reason ?? 'defect';
}

export function describeError(error: unknown): ErrorReport {
  if (error instanceof CLIError) {
    const status = error.oclif.exit ?? EXIT.usage;
    if (error.code === 'EEXIT') return { message: '', status, foreseen: true };
    return { message: flagErrorText(error), status: status === 127 ? EXIT.usage : status, foreseen: true };
  }
  if (error instanceof UsageError || error instanceof SettingsError)
    return { message: error.message, status: EXIT.usage, foreseen: true };
  if (error instanceof EnvironmentError) return { message: error.message, status: EXIT.environment, foreseen: true };
  if (error instanceof RunFailure) return { message: error.message, status: statusOfFailure(error), foreseen: true };
  if ((error as NodeJS.ErrnoException)?.syscall === 'uv_cwd') {
    const message =
      'The folder in which this was started does not exist any more. Go to another folder, and try again.';
    return { message, status: EXIT.environment, foreseen: true };
  }
  const fault = machineFault(error);
  if (fault !== undefined) return { message: fault, status: EXIT.environment, foreseen: true };
  const text = error instanceof Error ? error.message || error.name : String(error);
  return {
    message: `${text} This is a defect of jobserv: please report it, with the output of the same command under DEBUG=jobserv*.`,
    status: EXIT.defect,
    foreseen: false,
  };
}

function statusOfFailure(failure: RunFailure): number {
  if (failure.environment !== undefined) return EXIT.environment;
  // A server that works, and refused: another address, or other values, are needed.
  if (failure instanceof ServerFailure) return EXIT.usage;
  return failure.reason === 'interrupted' || failure.reason === 'cancelled' ? EXIT.interrupted : EXIT.failed;
}

/**
 * Reports the error on stderr, with the stack under `DEBUG=jobserv*`, and ends the command with its status.
 *
 * @param json prints it as JSON too
 */
export async function endWithError(error: unknown, json?: (report: unknown) => void): Promise<never> {
  const { status, ...described } = describeError(error);
  const message = withoutLongWords(described.message);
  if (message) {
    const marked = error instanceof UnfitFile ? { path: error.path, diagnostics: error.diagnostics } : {};
    json?.({ version: 1, error: { message, status, reason: reasonOf(error), ...marked } });
    await report(message, error);
  }
  await whenWritten();
  return exit(status);
}

/** A value that was given may be longer than any screen. */
const withoutLongWords = (text: string) => text.replace(/(\S{100})\S{900,}/g, '$1…');

async function report(message: string, error: unknown): Promise<void> {
  const style = styleFor(process.stderr);
  if (error instanceof UnfitFile) {
    process.stderr.write(`${renderDiagnostics(error.path, error.source, error.diagnostics, style)}\n`);
  }
  // It may hold text from servers, files and engines.
  process.stderr.write(`${style.red('Error:')} ${printableLines(message)}\n`);
  if (/(^|[\s,])(jobserv|\*)/.test(process.env['DEBUG'] ?? '')) process.stderr.write(`${inspect(error)}\n`);
}

/** Ends a command that had no error, but whose output is not complete, with status 3. */
export async function checkOutput(): Promise<void> {
  await whenWritten();
  if (!outputLost.aborted) return;
  await report(describeError(outputLost.reason).message, outputLost.reason);
  process.exitCode = EXIT.environment;
}

/** The fields that errors of oclif's parser have, and do not declare. */
interface ParseError {
  /** Flags that do not exist, with their dashes. */
  flags?: unknown;
  parse?: { input?: { flags?: Record<string, { char?: string; hidden?: boolean }> } };
  /** Those that are missing, in an error about that. */
  args?: unknown;
}

interface Argument {
  name: string;
  description?: string;
}

const HELP = 'See more help with --help';
const WHERE = '--help lists the flags and arguments.';

/** An error of oclif's parser as one paragraph, like every other error; other errors of oclif as they are. */
export function flagErrorText(error: CLIError): string {
  const { message } = error;
  const { flags, parse, args } = error as CLIError & ParseError;
  if (!message.endsWith(HELP)) return message;
  if (Array.isArray(args) && message.startsWith('Missing ')) return `${missingArguments(args)} ${WHERE}`;
  const text = message
    .slice(0, -HELP.length)
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(/^The following errors? occurred:/, '')
    .replace(
      /All of the following must be provided when using (--[\w-]+): (--[\w-]+(?:, --[\w-]+)*)/g,
      '$1 needs $2, too.',
    )
    .replace(/(--[\w-]+)(?:=[^\n]*?)? cannot also be provided when using (--[\w-]+)/g, '$1 and $2 exclude each other')
    .replace(/ but received:\s*$/, ', and nothing was given')
    .replace(/Nonexistent flag: (.*)/, 'There is no flag $1')
    .replace(/Nonexistent flags: (.*)/, 'There are no flags $1')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  const meant = Array.isArray(flags) ? suggestion(String(flags[0]), Object.keys(parse?.input?.flags ?? {})) : '';
  return `${text}${/[.?!]$/.test(text) ? '' : '.'}${meant} ${WHERE}`;
}

/** oclif's own text has a note about flags that take several words, and none of ours does. */
function missingArguments(args: readonly Argument[]): string {
  const shown = args.map(({ name, description }) => `${name.toUpperCase()} (${description?.replace(/[.]$/, '')})`);
  return `${shown.join(' and ')} ${shown.length > 1 ? 'are' : 'is'} missing.`;
}

function suggestion(flag: string, flags: string[]): string {
  const meant = nearest(flag.replace(/^-+/, ''), flags);
  return meant === undefined ? '' : ` Did you mean --${meant}?`;
}
