import { userInfo } from 'node:os';
import { EnvironmentError } from './errors.js';

/**
 * The user's home folder, absolute: `HOME`, or where that is empty or relative, the one of the user database.
 *
 * @throws EnvironmentError when neither names one
 */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['HOME']?.startsWith('/')) return env['HOME'];
  try {
    const { homedir } = userInfo();
    if (homedir.startsWith('/')) return homedir;
  } catch {
    // The user has no entry in the database: the id of a container's user, for example.
  }
  throw new EnvironmentError(
    'HOME does not name a folder, and this user has no home folder either. Set HOME to a folder that can be written.',
  );
}
