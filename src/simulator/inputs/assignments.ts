import { readFile } from 'node:fs/promises';
import { UsageError } from '../../lib/errors.js';

/** The `NAME=value` lines of a file in dotenv syntax; the last of a name wins. `what` names the file in errors. */
export async function readAssignments(path: string, what: string): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path}, ${what}, cannot be read: ${(error as NodeJS.ErrnoException).message}.`);
  }
  const { parse } = await import('dotenv');
  return parse(text);
}
