import type { StringMap } from '../schema/model.js';
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
