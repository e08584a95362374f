/** What it means that the engine could not start a container. */
import type { ContainerExit, RunFailure } from '../executor/ports.js';
import { engineWords, isUnreachable, setupFailure } from './engine-error.js';

/**
 * A script that is not there or may not be executed is the run's own end, with the exit
 * code that `docker run` gives: 127 and 126. Everything else (a mount, a user, a
 * capability; `docker run` says 125) is a matter of the set-up, or of the engine.
 */
export function startFailure(error: unknown): ContainerExit | RunFailure {
  const words = engineWords(error);
  const exitCode = isUnreachable(error) ? undefined : processExitCode(words);
  if (exitCode !== undefined) return { exitCode, oomKilled: false, error: words };
  return setupFailure('The container could not be started', error);
}

/**
 * What `docker run` exits with when these words are why it could not start the script; undefined: 125. Docker's
 * runc, crun and Podman each have their own words for it.
 */
export function processExitCode(words: string): 126 | 127 | undefined {
  if (/error mounting|mount .*\bflags\b|working directory|chdir to cwd|setup user|apply caps|devices?\b/i.test(words))
    return undefined;
  if (!/\bexec\b|executable|OCI runtime/i.test(words)) return undefined;
  if (/executable file .*not found|no such file or directory|command not found/i.test(words)) return 127;
  if (/permission denied|exec format error|is a directory/i.test(words)) return 126;
  return undefined;
}
