import type { StringMap } from '../../schema/model.js';
import { type AskSecret, askForSecrets, missingSecrets, type SecretUser } from './missing-secrets.js';
import type { RundefFile } from './rundef-file.js';
import { askForInputs } from './rundef-inputs.js';

/** A rundef as one who names secrets; those that were given take the place of its own. */
export function secretUserOfRundef(
  { path, rundef }: RundefFile,
  given: StringMap,
): SecretUser & { secrets: StringMap } {
  return {
    label: rundef.env?.['H_RUN'] ?? path,
    containerAuth: rundef['container-auth'],
    scriptRepo: rundef['script-repo'],
    script: rundef.script,
    secrets: Object.assign(Object.create(null), rundef.secrets, given),
  };
}

/**
 * All secrets of a rundef by name, those that are missing or hidden asked for, together.
 *
 * @throws UsageError listing them, where nobody can be asked
 */
export async function completeRundefSecrets(
  file: RundefFile,
  given: StringMap,
  ask: AskSecret | undefined,
): Promise<StringMap> {
  const known: StringMap = Object.assign(Object.create(null), given);
  Object.assign(known, await askForInputs(file.inputs, known, ask));
  const user = secretUserOfRundef(file, known);
  return Object.assign(user.secrets, await askForSecrets(missingSecrets([user]), ask));
}

/**
 * What the run of a rundef gets: the secrets that it names, those that are known here in the place of its own. A
 * rundef is somebody else's text, and which secrets lie in a file here is not its business; what a flag gave was
 * meant for this run.
 *
 * @param flagged names of secrets that flags gave
 */
export function secretsOfRundef(
  { rundef, inputs }: RundefFile,
  known: StringMap,
  flagged: ReadonlySet<string> = new Set(),
): { secrets: StringMap; added: string[] } {
  const named = new Set([
    ...Object.keys(rundef.secrets ?? {}),
    ...(rundef['container-auth'] ? [rundef['container-auth']] : []),
    ...(rundef['script-repo']?.token ?? '').split(':').filter(Boolean),
    ...inputs.flatMap((input) => Object.keys(input.secrets)),
  ]);
  const added = [...flagged].filter((name) => !named.has(name));
  const secrets: StringMap = Object.assign(Object.create(null), rundef.secrets);
  for (const name of [...named, ...added]) {
    const value = known[name];
    if (value !== undefined) secrets[name] = value;
  }
  return { secrets, added };
}
