import { CLIError } from '@oclif/core/errors';
import { RunFailure } from '../../executor/ports.js';
import { EnvironmentError, UsageError } from '../../lib/errors.js';
import { printable } from '../../terminal/printable.js';
import { styleFor } from '../../terminal/style.js';
import { SettingsError } from '../../worker/settings-error.js';
import { EXIT } from './exit-status.js';
import { flagErrorText } from './flag-errors.js';
import { UnfitFile } from './rejected-definition.js';

export interface ErrorReport {
  /** One paragraph; empty when everything has been said already. */
  message: string;
  status: number;
  /** False for what nobody planned: a defect of ours. */
  foreseen: boolean;
}

/** What an error means to the user, and to the caller's `$?`. */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof CLIError) {
    const exit = error.oclif.exit ?? EXIT.usage;
    if (error.code === 'EEXIT') return { message: '', status: exit, foreseen: true };
    return { message: flagErrorText(error), status: exit === 127 ? EXIT.usage : exit, foreseen: true };
  }
  if (error instanceof UsageError || error instanceof SettingsError)
    return { message: error.message, status: EXIT.usage, foreseen: true };
  if (error instanceof EnvironmentError) return { message: error.message, status: EXIT.environment, foreseen: true };
  if (error instanceof RunFailure) {
    return { message: error.message, status: statusOfFailure(error), foreseen: true };
  }
  const text = error instanceof Error ? error.message || error.name : String(error);
  return {
    message: `${text} This was not foreseen: please report it, with the output of the same command under DEBUG=jobserv*.`,
    status: EXIT.defect,
    foreseen: false,
  };
}

function statusOfFailure(failure: RunFailure): number {
  if (failure.environment !== undefined) return EXIT.environment;
  return failure.reason === 'interrupted' || failure.reason === 'cancelled' ? EXIT.interrupted : EXIT.failed;
}

/** Says on stderr what went wrong, with the stack under `DEBUG=jobserv*`; answers the exit status. */
export async function reportError(error: unknown): Promise<number> {
  const { message, status } = describeError(error);
  if (message) {
    const style = await styleFor(process.stderr);
    if (error instanceof UnfitFile) {
      const { renderDiagnostics } = await import('../../terminal/diagnostics.js');
      process.stderr.write(`${renderDiagnostics(error.path, error.source, error.diagnostics, style)}\n`);
    }
    // Names and words of servers, files and engines stand in it.
    process.stderr.write(`${style.red('Error:')} ${message.split('\n').map(printable).join('\n')}\n`);
  }
  if (message && /(^|[\s,])(jobserv|\*)/.test(process.env['DEBUG'] ?? '')) {
    const { inspect } = await import('node:util');
    process.stderr.write(`${inspect(error)}\n`);
  }
  return status;
}
