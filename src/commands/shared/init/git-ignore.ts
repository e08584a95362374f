/** Keeps the file that `simulate` reads secrets from out of commits. */
import { appendFile, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from '../../../git/git.js';
import { type RepositoryPaths, readUser } from '../../../git/repository.js';

export const SECRETS_FILE = '.jobserv.secrets';

/** `no`: .gitignore is no file that can be written to. */
export type SecretsIgnored = 'already' | 'added' | 'no';

/** Adds the file to the repository's .gitignore, unless git ignores it already. */
export async function ignoreSecrets(paths: RepositoryPaths): Promise<SecretsIgnored> {
  const ignored = readUser(
    paths,
    ['check-ignore', '--quiet', '--no-index', SECRETS_FILE],
    new AbortController().signal,
  );
  if (await isSuccess(ignored)) return 'already';
  const file = join(paths.toplevel, '.gitignore');
  try {
    const found = await lstat(file).catch(() => undefined);
    // A link could lead to any file of this machine.
    if (found !== undefined && !found.isFile()) return 'no';
    const text = found === undefined ? '' : await readFile(file, 'utf8');
    await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${SECRETS_FILE}\n`);
    return 'added';
  } catch {
    // Not worth the definition: what is left to do is among the next steps.
    return 'no';
  }
}

async function isSuccess(command: Promise<string>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof GitError) return false;
    throw error;
  }
}
