/** A program of the host's that is told when a run begins and ends: to switch a board on, say. */
import { type Command, childEnvironment, runWithOutput } from '../lib/process.js';

export type CallbackAction = 'RUN_START' | 'RUN_COMPLETE';

/**
 * Runs it, with PROJECT, BUILD, RUN and ACTION in its environment, and waits for its end. Its
 * exit status does not count.
 *
 * @param env the run's own
 * @throws when it cannot be started
 */
export async function runCallback(
  script: string,
  action: CallbackAction,
  env: Readonly<Record<string, string>>,
): Promise<number | null> {
  const run = { PROJECT: env['H_PROJECT'] ?? '', BUILD: env['H_BUILD'] ?? '', RUN: env['H_RUN'] ?? '', ACTION: action };
  return runProgram([script], { ...childEnvironment(), ...run });
}

/**
 * A program, without a shell; it has our output, and no input.
 *
 * @returns its exit status; null when a signal ended it
 * @throws ProcessError when it was not started
 */
export async function runProgram(command: Command, env = childEnvironment(), cwd?: string): Promise<number | null> {
  return (await runWithOutput(command, 2, { env, cwd })).status ?? null;
}
