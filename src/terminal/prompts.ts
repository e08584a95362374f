/** Questions to the person at the terminal. The library is loaded only when there is one to ask. */
import { isatty } from 'node:tty';
import { RunFailure } from '../executor/ports.js';

/** On stderr, so that stdout stays what the command prints. */
const context = { output: process.stderr };

/** Whether somebody can be asked. */
export function canAsk(): boolean {
  // By number: to open the stream of stdin takes longer than to ask.
  return isatty(0) && isatty(2);
}

/** Asks for a text that is not shown while it is typed. */
export async function askHidden(message: string): Promise<string> {
  const { password } = await import('@inquirer/prompts');
  return answered(password({ message, mask: false }, context));
}

/** Lets choose one or more of the names. */
export async function chooseSome(message: string, names: readonly string[]): Promise<string[]> {
  const { checkbox } = await import('@inquirer/prompts');
  const choices = names.map((name) => ({ name, value: name }));
  return answered(checkbox({ message, choices, required: true, pageSize: 15 }, context));
}

/** Ctrl-C at a question is Ctrl-C. */
async function answered<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    if ((error as Error).name !== 'ExitPromptError') throw error;
    throw new RunFailure('interrupted', 'Interrupted: nothing was run.');
  }
}
