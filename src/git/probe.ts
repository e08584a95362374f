/** Whether a git server takes these credentials. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { authorizationSection } from './credentials.js';
import { runEnvironment } from './environment.js';
import { writePrivate } from './files.js';
import { GitError, readGit } from './git.js';

/** Milliseconds for the whole exchange. */
const TIMEOUT = 20_000;

/**
 * Asks for the references of `cloneUrl` with the header `Authorization`. git does the
 * asking: it knows this host's proxies and certificates, and the clone will ask the same.
 * In the old protocol that is one GET, whose redirects do not carry the header elsewhere.
 *
 * @returns true when the server answers with success; false for anything else, a server
 * that cannot be reached included: the clone that follows says what is wrong, and retries
 * @throws the signal's reason
 */
export async function probe(
  cloneUrl: string,
  authorization: string,
  { home, signal }: { home: string; signal: AbortSignal },
): Promise<boolean> {
  const file = join(home, '.gitconfig-probe');
  await writePrivate(file, authorizationSection(cloneUrl, authorization));
  try {
    await readGit({
      args: ['-c', `include.path=${file}`, '-c', 'protocol.version=0', 'ls-remote', '--', cloneUrl, 'HEAD'],
      cwd: home,
      env: runEnvironment(home),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof GitError || (error instanceof Error && error.name === 'TimeoutError')) return false;
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}
