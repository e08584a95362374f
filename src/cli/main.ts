import type { PJSON } from '@oclif/core/interfaces';
import { settings } from '@oclif/core/settings';
import { type CommandTable, namedCommand, runNamed } from './named-command.js';
import { surviveBrokenPipes, whenWritten } from './output.js';
import { reportError } from './report-error.js';

/**
 * Runs the command line that this process was started with, and ends the process with the
 * status of SPEC 7.
 *
 * @param options `root` is the folder that `pjson`'s paths start from, and `oclif.manifest.json` is in.
 * @param table our own commands, where they are at hand
 */
export async function main(options: { root: string; pjson: PJSON }, table: CommandTable = {}): Promise<never> {
  settings.enableAutoTranspile = false;
  surviveBrokenPipes();
  try {
    const args = process.argv.slice(2);
    const named = namedCommand(args, table);
    await (named === undefined ? runAny(args, options) : runNamed(named, options));
  } catch (error) {
    process.exitCode = await reportError(error);
  }
  await whenWritten();
  // Not left to the event loop: an engine's idle connection would keep the user waiting.
  process.exit();
}

async function runAny(args: string[], options: { root: string; pjson: PJSON }): Promise<void> {
  const { run } = await import('@oclif/core/run');
  await run(args, { ...options, userPlugins: false });
}
