/** What a worker reads of the JWT that it is given. The server checks it; here nothing is believed of it. */
import { SettingsError } from './settings-error.js';

export interface WorkerToken {
  /** The worker's name. */
  name: string;
  /** Seconds since 1970. */
  expires?: number;
}

/** @throws SettingsError, which does not quote it */
export function readJwt(jwt: string): WorkerToken {
  const payload = jwt.split('.')[1] ?? '';
  try {
    const { name, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    if (typeof name === 'string' && name !== '') return { name, ...(typeof exp === 'number' ? { expires: exp } : {}) };
  } catch {
    // Said below, without its text.
  }
  throw new SettingsError(
    'The JWT cannot be used: it does not hold the name of a worker. Ask the server for another one.',
  );
}
