import { Command } from '@oclif/core/command';
import { CLIError } from '@oclif/core/errors';
import { describeError, endWithError } from './errors.js';
import { warn } from './flags.js';
import { jsonText, type Reports } from './reports.js';

/**
 * The base of all commands. A command parses its flags, calls one function of a layer below,
 * shows the result, and sets its exit status with `endWith`. What `run` returns is what
 * `--json` prints.
 */
export abstract class BaseCommand extends Command {
  /** The status that the process will end with, unless an error ends it first. */
  protected endWith(status: number): void {
    process.exitCode = status;
  }

  /** Of a command that has `--report`, once its flags are read. */
  protected reports: Reports | undefined;

  /** Reports the error on stderr, under `--json` as JSON too, and in reports; ends the process with its status. */
  protected override async catch(error: Error): Promise<never> {
    const { message, status } = describeError(error);
    await this.reports?.writeFailure(message, status).catch((failure: Error) => warn(failure.message));
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
