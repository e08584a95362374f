/** The person at the terminal: questions to them, and their terminal for a program that wants every key. */
import { isatty, type ReadStream, type WriteStream } from 'node:tty';
import { RunFailure } from '../executor/index.js';

/** On stderr, so that stdout stays what the command prints. */
const context = { output: process.stderr };

/** Whether somebody can be asked. */
export function canAsk(): boolean {
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
  asking += 1;
  try {
    return await question;
  } catch (error) {
    if ((error as Error).name !== 'ExitPromptError') throw error;
    throw new RunFailure('interrupted', 'Interrupted: nothing was run.');
  } finally {
    asking -= 1;
    if (listening !== undefined && !listening.destroyed) {
      listening.setRawMode(true);
      listening.resume();
    }
  }
}

/** While somebody is asked, keys are theirs. */
let asking = 0;

/**
 * Calls for each key that is pressed. Answers how to stop. Ctrl-C and Ctrl-\\ stay signals to this process.
 */
export function listenForKeys(listener: (key: string) => void): () => void {
  const input = process.stdin as ReadStream;
  const take = (chunk: Buffer | string) => {
    if (asking > 0) return;
    for (const key of chunk.toString()) {
      if (key === '\x03') process.kill(process.pid, 'SIGINT');
      else if (key === '\x1c') process.kill(process.pid, 'SIGQUIT');
      else listener(key);
    }
  };
  // A terminal that was closed: SIGHUP ends the process.
  const closed = () => input.destroy();
  input.on('error', closed);
  input.on('data', take);
  listening = input;
  input.setRawMode(true);
  input.resume();
  return () => {
    input.off('data', take);
    input.off('error', closed);
    listening = undefined;
    if (input.destroyed) return;
    input.setRawMode(false);
    input.pause();
  };
}

/** The terminal whose keys are listened to: a question leaves it in its own mode. */
let listening: ReadStream | undefined;

/** Whether there is a terminal to hand over. */
export function hasTerminal(): boolean {
  return isatty(0) && isatty(1);
}

export interface RawTerminal {
  input: ReadStream;
  output: WriteStream;
  size(): { columns: number; rows: number };
  /** Answers how to stop listening. */
  onResize(listener: () => void): () => void;
}

/** Gives the terminal away while the work goes on, and takes it back in its usual mode. */
export async function withRawTerminal<T>(work: (terminal: RawTerminal) => Promise<T>): Promise<T> {
  const input = process.stdin as ReadStream;
  const output = process.stdout as WriteStream;
  input.setRawMode(true);
  // A terminal that was closed fails when it is read: then it is at its end.
  const closed = () => input.destroy();
  input.on('error', closed);
  try {
    return await work({
      input,
      output,
      size: () => ({ columns: output.columns, rows: output.rows }),
      onResize: (listener) => {
        output.on('resize', listener);
        return () => output.off('resize', listener);
      },
    });
  } finally {
    input.off('error', closed);
    if (!input.destroyed) {
      input.setRawMode(false);
      input.pause();
    }
  }
}
