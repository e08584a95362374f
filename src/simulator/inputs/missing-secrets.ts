/** Secrets that a run cannot do without, found before anything starts, all at once. */

import { UsageError } from '../../lib/errors.js';
import type { ScriptRepo, StringMap } from '../../schema/model.js';
import { hostPurpose, isReadBy } from './secret-purposes.js';

/** What a server writes instead of a value that the caller may not see. */
export const HIDDEN_VALUE = 'TODO';

/** The parts of a run that name secrets, as definition and rundef both have them. */
export interface SecretUser {
  label: string;
  containerAuth?: string | null | undefined;
  scriptRepo?: Pick<ScriptRepo, 'token'> | undefined;
  /** The script's text, where it is at hand: it may name its secrets. */
  script?: string | undefined;
  /** Secrets that are there by name. */
  secrets: StringMap;
}

export interface MissingSecret {
  name: string;
  /** What it is for, after "for": `the registry of unit/build`. */
  purpose: string;
}

/** In order, each name once. */
export function missingSecrets(users: readonly SecretUser[]): MissingSecret[] {
  const missing = new Map<string, MissingSecret>();
  const need = (name: string, purpose: string) => {
    if (!missing.has(name)) missing.set(name, { name, purpose });
  };
  for (const { label, containerAuth, scriptRepo, script, secrets } of users) {
    if (containerAuth && !has(secrets, containerAuth)) need(containerAuth, `the image of ${label} (container-auth)`);
    for (const name of (scriptRepo?.token ?? '').split(':').filter(Boolean)) {
      if (!has(secrets, name)) need(name, `the script-repo of ${label}`);
    }
    for (const name of Object.keys(secrets)) {
      if (!has(secrets, name)) need(name, purposeFor(name, label, script));
    }
  }
  return [...missing.values()];
}

function purposeFor(name: string, label: string, script: string | undefined): string {
  const host = hostPurpose(name);
  const reads = isReadBy(script, name) ? `, which reads /secrets/${name}` : '';
  return host === undefined ? `the script of ${label}${reads}` : `${host}, in ${label}`;
}

const has = (secrets: StringMap, name: string) => Object.hasOwn(secrets, name) && secrets[name] !== HIDDEN_VALUE;

/** Asks for a value without showing it; undefined where nobody can be asked. */
export type AskSecret = (question: string) => Promise<string>;

/**
 * Asks for every missing secret.
 *
 * @throws UsageError listing them, where nobody can be asked
 */
export async function askForSecrets(missing: readonly MissingSecret[], ask: AskSecret | undefined): Promise<StringMap> {
  const answers: StringMap = Object.create(null);
  if (missing.length > 0 && ask === undefined) throw new UsageError(listed(missing));
  for (const { name, purpose } of missing) answers[name] = (await ask?.(`Secret ${name}, for ${purpose}:`)) ?? '';
  return answers;
}

function listed(missing: readonly MissingSecret[]): string {
  const list = missing.map(({ name, purpose }) => `${name} (for ${purpose})`).join(', ');
  const many = missing.length > 1;
  return (
    `${many ? `${missing.length} secrets are` : 'A secret is'} missing: ${list}. ` +
    `Give ${many ? 'each' : 'it'} with -s NAME=VALUE, with -s NAME from the environment, or in the file .jobserv.secrets.`
  );
}
