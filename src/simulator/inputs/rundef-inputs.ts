/** `simulator-inputs` of a rundef file: what to ask whoever replays it (SPEC 2). */

import { UsageError } from '../../lib/errors.js';
import type { StringMap } from '../../schema/model.js';
import type { AskSecret } from './missing-secrets.js';

export interface SimulatorInput {
  prompt: string;
  secrets: Record<string, { transform?: string } | null>;
}

/** @throws UsageError for entries of another shape, and for transforms that nobody knows */
export function readInputs(value: unknown, file: string): SimulatorInput[] {
  if (value === undefined || value === null) return [];
  const bad = (why: string) => new UsageError(`The "simulator-inputs" of ${file} cannot be asked for: ${why}.`);
  if (!Array.isArray(value)) throw bad('they are no list');
  return value.map((item: unknown) => {
    if (!isObject(item) || typeof item['prompt'] !== 'string' || !isObject(item['secrets'])) {
      throw bad('each needs a "prompt" and its "secrets"');
    }
    for (const [name, how] of Object.entries(item['secrets'])) {
      const transform = isObject(how) ? how['transform'] : undefined;
      if (how !== null && !isObject(how)) throw bad(`the secret ${name} says not how it is set`);
      if (transform && transform !== 'BasicAuth')
        throw bad(`${JSON.stringify(transform)} is no transform; "BasicAuth" is`);
    }
    return item as unknown as SimulatorInput;
  });
}

/**
 * The secrets that the inputs set; each entry is asked for once, unless all its secrets are given.
 *
 * @throws UsageError listing the prompts, where nobody can be asked
 */
export async function askForInputs(
  inputs: readonly SimulatorInput[],
  given: StringMap,
  ask: AskSecret | undefined,
): Promise<StringMap> {
  const open = inputs.filter(({ secrets }) => Object.keys(secrets).some((name) => !Object.hasOwn(given, name)));
  if (open.length > 0 && ask === undefined) {
    const list = open
      .map(({ prompt, secrets }) => `${Object.keys(secrets).join(', ')} ("${prompt.trim()}")`)
      .join('; ');
    throw new UsageError(
      `The rundef asks for what is not given: ${list}. Give each secret with -s NAME=VALUE, or start the simulation on a terminal.`,
    );
  }
  const answers: StringMap = Object.create(null);
  for (const { prompt, secrets } of open) {
    const answer = (await ask?.(prompt)) ?? '';
    for (const [name, how] of Object.entries(secrets)) {
      if (!Object.hasOwn(given, name)) answers[name] = how?.transform === 'BasicAuth' ? basicAuth(answer) : answer;
    }
  }
  return answers;
}

const basicAuth = (answer: string) => `Authorization: basic ${Buffer.from(answer).toString('base64')}`;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
