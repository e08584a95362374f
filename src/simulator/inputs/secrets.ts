import { existsSync } from 'node:fs';
import { UsageError } from '../../lib/errors.js';
import { hideFromPrograms } from '../../lib/process.js';
import type { StringMap } from '../../schema/model.js';
import { readAssignments } from './assignments.js';

/** Read when it exists and no other file is named; `.gitignore` should have it. */
const DEFAULT_SECRET_FILE = '.jobserv.secrets';

/**
 * The secrets of `-s NAME=VALUE`, `-s NAME` (its value from the environment) and the secret
 * file; a flag wins over the file. Null-prototype.
 *
 * @throws UsageError for a name that is not in the environment, a file that cannot be read, or
 *   a name that cannot be a file below `/secrets`
 */
export async function readSecrets(given: {
  flags?: readonly string[];
  file?: string | undefined;
  env?: NodeJS.ProcessEnv;
}): Promise<StringMap> {
  const env = given.env ?? process.env;
  const file = given.file ?? (existsSync(DEFAULT_SECRET_FILE) ? DEFAULT_SECRET_FILE : undefined);
  const secrets: StringMap = Object.create(null);
  if (file !== undefined) Object.assign(secrets, await readAssignments(file, 'the secret file'));
  for (const flag of given.flags ?? []) {
    const at = flag.indexOf('=');
    const name = at < 0 ? flag : flag.slice(0, at);
    const value = at < 0 ? env[name] : flag.slice(at + 1);
    if (value === undefined) {
      throw new UsageError(`-s ${name} takes the secret from the environment, and ${name} is not set there.`);
    }
    secrets[name] = value;
    if (at < 0) hideFromPrograms([name]);
  }
  for (const name of Object.keys(secrets)) {
    if (/^\.{0,2}$|[/\0]/.test(name)) {
      throw new UsageError(`${JSON.stringify(name)} cannot be the name of a secret: each is a file in /secrets.`);
    }
  }
  return secrets;
}

/** The names in `-s NAME=VALUE` and `-s NAME`. */
export function namesOfSecretFlags(flags: readonly string[]): ReadonlySet<string> {
  return new Set(flags.map((flag) => flag.replace(/=.*$/s, '')));
}
