import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { CLIError } from '@oclif/core/errors';
import { jsonText, surviveBrokenPipes } from './output.js';
import { describeError } from './report-error.js';

/**
 * What all commands share. A command parses its flags, calls one function of a layer below,
 * shows what came back, and sets its exit status with `endWith`. What `run` returns is what
 * `--json` prints.
 */
export abstract class BaseCommand extends Command {
  /** Runs the command with a configuration that is there, as it is. */
  static runHere<T extends BaseCommand>(
    this: new (
      argv: string[],
      config: Config,
    ) => T,
    argv: string[],
    config: Config,
  ): Promise<unknown> {
    return new this(argv, config)._run();
  }

  /** oclif's own would look for deprecated names, of which there are none. */
  protected override async init(): Promise<void> {
    surviveBrokenPipes();
  }

  /** The status that the process will end with, unless an error ends it first. */
  protected endWith(status: number): void {
    process.exitCode = status;
  }

  /** Under `--json` the error is JSON too; either way `main` says it on stderr and ends the process. */
  protected override async catch(error: Error): Promise<never> {
    const { message, status } = describeError(error);
    if (this.jsonEnabled() && message) this.logJson({ version: 1, error: { message, status } });
    throw error;
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
