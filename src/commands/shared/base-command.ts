import { Command } from '@oclif/core/command';
import { CLIError } from '@oclif/core/errors';
import { UsageError } from '../../lib/errors.js';
import { escapeInJson } from '../../lib/sanitise.js';
import { endWithError } from './report-error.js';

/**
 * What all commands share. A command parses its flags, calls one function of a layer below,
 * shows what came back, and sets its exit status with `endWith`. What `run` returns is what
 * `--json` prints.
 */
export abstract class BaseCommand extends Command {
  /** The status that the process will end with, unless an error ends it first. */
  protected endWith(status: number): void {
    process.exitCode = status;
  }

  /** Reports the error on stderr, under `--json` as JSON too, and ends the process with its status. */
  protected override catch(error: Error): Promise<never> {
    return endWithError(error, this.jsonEnabled() ? (json) => this.logJson(json) : undefined);
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${jsonText(json)}\n`);
  }

  /** Text on stdout, as it is; nothing under `--json`. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  override error(input: string | Error, options: { exit?: number | false } = {}): never {
    throw typeof input === 'string' ? new CLIError(input, options) : input;
  }
}

/** @throws UsageError when it would be longer than a text can be */
export function jsonText(value: unknown): string {
  try {
    return escapeInJson(JSON.stringify(value, null, 2));
  } catch (error) {
    if (!(error instanceof RangeError && /string length/.test(error.message))) throw error;
    throw new UsageError(
      'The JSON of this output is longer than the 512 MB that one text can have. Select fewer runs, or split the definition.',
    );
  }
}
