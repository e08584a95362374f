/** `--shell`: what it needs, and what it does not go with. */

import { UsageError } from '../../lib/errors.js';
import type { ShellRequest, ShellWish } from '../../simulator/run/shell.js';
import { hasTerminal, withRawTerminal } from '../../terminal/raw-terminal.js';

/** @throws UsageError where no shell can be had */
export function shellFor(when: ShellWish, flags: { jobs: number; json: boolean; dryRun: boolean }): ShellRequest {
  const conflict = flags.dryRun ? '--dry-run' : flags.json ? '--json' : flags.jobs > 1 ? '--jobs' : undefined;
  if (conflict !== undefined) {
    throw new UsageError(
      `--shell hands the terminal over after a run, and does not go with ${conflict}. Leave one of them out.`,
    );
  }
  if (!hasTerminal()) {
    throw new UsageError(
      '--shell needs a terminal to talk to, and stdin or stdout is none. Start it from one, not through a pipe or in a CI; or leave --shell out and look at the workspace.',
    );
  }
  return { when, withTerminal: withRawTerminal, tell: (message) => process.stderr.write(`\n${message}\n`) };
}
