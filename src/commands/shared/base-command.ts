import { Command } from '@oclif/core/command';
import { CLIError } from '@oclif/core/errors';
import type { Input, ParserOutput } from '@oclif/core/interfaces';
import { UsageError } from '../../lib/index.js';
import { describeError, endWithError } from './errors.js';
import { warn } from './flags.js';
import { jsonText, type Reports } from './reports.js';

/** Of flags or arguments, by their names; oclif's own type does not say more. */
type Values = Record<string, unknown>;

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

  /** @throws UsageError for an empty value: a variable of a script that is not set, most often */
  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse(options, argv);
    const empty = parsed.raw.find(({ input }) => input.trim() === '');
    if (empty === undefined) return parsed;
    const what = empty.type === 'flag' ? `The value of --${empty.flag}` : empty.arg.toUpperCase();
    throw new UsageError(`${what} is empty. Give one, or leave it out.`);
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
