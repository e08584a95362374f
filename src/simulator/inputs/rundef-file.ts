/** A rundef from a file or a server: the one that a server handed out, `rundef create` wrote, or a workspace kept. */

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { repositoryFolder } from '../../git/index.js';
import { objectOf, readChosen, UsageError } from '../../lib/index.js';
import { checkRunDefinition, unknownFields } from '../../schema/index.js';
import type { Difference } from './ledger.js';
import type { PartialRunDefinition } from './run-identity.js';

/** An entry of `simulator-inputs`: what to ask whoever replays the rundef (SPEC 2). */
export interface SimulatorInput {
  prompt: string;
  secrets: Record<string, { transform?: string } | null>;
}

export interface RundefFile {
  /** The file or the address. */
  path: string;
  rundef: PartialRunDefinition;
  inputs: SimulatorInput[];
  /** Address, on a server that the user named, of what triggered it. */
  upstream?: string | undefined;
  /** Fields that this version does not know. */
  differences: Difference[];
}

/** Whether an argument means a file: by its name, or as a path that exists and no run's name. */
export function isRundefFile(argument: string): boolean {
  return /\.json$/i.test(argument) || (/^(\.{0,2}\/)/.test(argument) && existsSync(argument));
}

/**
 * @param signal ends the reading of a pipe
 * @throws UsageError for what is no rundef
 */
export async function readRundefFile(path: string, signal?: AbortSignal): Promise<RundefFile> {
  const shown = `The rundef ${path}`;
  const inside = repositoryFolder(dirname(resolve(path)));
  const options = inside === undefined ? { pipes: true, ...(signal && { signal }) } : { inside };
  const text = (await readChosen(path, shown, options)).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, in which there may be a secret.
    throw new UsageError(`${shown} is no JSON: line ${badLine(text)} cannot be understood.`);
  }
  return readRundef(value, path);
}

/** The first line that cannot be part of JSON; the last line where the text only ends too soon. */
function badLine(text: string): number {
  const lines = text.split('\n');
  let good = 0;
  let bad = lines.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isBeginning(lines.slice(0, middle).join('\n'))) good = middle;
    else bad = middle;
  }
  return bad;
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const [, offset = 0] = /at position (\d+)/.exec((error as Error).message) ?? [];
    return /end of JSON/.test((error as Error).message) || Number(offset) >= text.trimEnd().length;
  }
}

/**
 * A rundef of any age as one that can be planned. It is not trusted: nothing has been written when it is refused.
 *
 * @param path where it is from, for messages
 * @throws UsageError for what is no rundef, or a hostile one, with the path of each field
 */
export function readRundef(value: unknown, path: string): RundefFile {
  const fields = objectOf(value);
  if (fields === undefined) throw new UsageError(`${path} is no rundef: it holds no JSON object.`);
  const { 'simulator-inputs': inputs, ...rundef } = fields;
  const problems = checkRunDefinition(rundef);
  if (problems.length > 0) {
    throw new UsageError(`${path} is no rundef that a worker could run: ${problems.join('; ')}.`);
  }
  return {
    path,
    rundef: rundef as PartialRunDefinition,
    inputs: readInputs(inputs, path),
    differences: differencesOf(unknownFields(rundef)),
  };
}

function differencesOf(unknown: string[]): Difference[] {
  if (unknown.length === 0) return [];
  const many = unknown.length > 1;
  return [
    {
      kind: 'unknown-field',
      message: `The rundef has ${many ? 'fields' : 'a field'} that this version does not know and did not act on: ${unknown.join(', ')}.`,
    },
  ];
}

/** @throws UsageError for entries of another shape, and for unknown transforms */
function readInputs(value: unknown, file: string): SimulatorInput[] {
  if (value === undefined || value === null) return [];
  const bad = (why: string) => new UsageError(`The "simulator-inputs" of ${file} cannot be asked for: ${why}.`);
  if (!Array.isArray(value)) throw bad('they are no list');
  return value.map((item: unknown) => {
    const { prompt, secrets } = objectOf(item) ?? {};
    const asked = objectOf(secrets);
    if (typeof prompt !== 'string' || asked === undefined) throw bad('each needs a "prompt" and its "secrets"');
    for (const [name, how] of Object.entries(asked)) {
      const transform = objectOf(how)?.['transform'];
      if (how !== null && objectOf(how) === undefined) throw bad(`the secret ${name} does not say how it is set`);
      if (transform && transform !== 'BasicAuth')
        throw bad(`${JSON.stringify(transform)} is not a transform; the only one is "BasicAuth"`);
    }
    return item as unknown as SimulatorInput;
  });
}
