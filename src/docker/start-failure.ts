/** What it means that the engine could not create or start a container: whose fault it is. */
import { type ContainerExit, RunFailure } from '../executor/ports.js';
import { engineFailure, engineWords, isUnreachable, statusOf } from './client.js';

/** The engine, its network, its storage or its runtime; before anything else, because they quote file names too. */
const ENGINE_CAUSES =
  /no space left|cannot allocate memory|too many open files|resource temporarily unavailable|input\/output error|cgroup|bridge|address(es)? pool|network|endpoint|iptables|slirp4netns|pasta|netavark|runtime error|fork\/exec|unknown( or invalid)? runtime|apply caps|capabilit(y|ies).*not permitted|overlay mount|containerd/i;

/** The image or the definition: a user, a folder, a mount, a capability that no engine would accept. */
const RUN_CAUSES =
  /unable to find (user|group)|no matching entries|linux spec user|setup user|(invalid|unknown|unable to parse) user|uids and gids|working directory|chdir to cwd|cannot mkdir|invalid mount|invalid volume|invalid container path|mount path must be absolute|must be an absolute path|duplicate mount|error mounting|mount .*\bflags\b|(unknown|invalid) capability|invalid capadd|invalid capdrop|no command|image operating system|minimum memory/i;

/**
 * A script that is not there or may not be executed is the run's own end, with the exit
 * code that `docker run` gives: 127 and 126. A user, a mount, a working directory
 * (`docker run` says 125) are the run's set-up; everything else is the engine's.
 */
export function startFailure(error: unknown): ContainerExit | RunFailure {
  const words = engineWords(error);
  const exitCode = isUnreachable(error) ? undefined : processExitCode(words);
  if (exitCode !== undefined) return { exitCode, oomKilled: false, error: words };
  return setupFailure('The container could not be started', error);
}

/** As `startFailure`, for a container that could not even be created. */
export function createFailure(image: string, error: unknown): RunFailure {
  if (statusOf(error) === 404 && /no such image/i.test(engineWords(error))) {
    return new RunFailure('setup', `Image ${image} is not there: pull it, or let the run pull it.`, { cause: error });
  }
  if (statusOf(error) === 431) {
    const message =
      "The container could not be created: the run's parameters are more than the engine's API takes (1 MB).";
    return new RunFailure('setup', message, { cause: error });
  }
  return setupFailure('The container could not be created', error);
}

function setupFailure(what: string, error: unknown): RunFailure {
  const words = engineWords(error);
  const status = statusOf(error) ?? 0;
  const isRuns = !ENGINE_CAUSES.test(words) && ((status >= 400 && status < 500) || RUN_CAUSES.test(words));
  if (status === 0 || !isRuns) return engineFailure(what, error);
  return new RunFailure('setup', `${what}: ${words}.`, { cause: error });
}

/**
 * What `docker run` exits with when these words are why it could not start the script; undefined: 125. Docker's
 * runc, crun and Podman each have their own words for it.
 */
export function processExitCode(words: string): 126 | 127 | undefined {
  if (/\bcgroup|runtime error|fork\/exec|no space left/i.test(words)) return undefined;
  if (/error mounting|mount .*\bflags\b|working directory|chdir to cwd|setup user|apply caps|devices?\b/i.test(words))
    return undefined;
  if (!/\bexec\b|executable|OCI runtime/i.test(words)) return undefined;
  if (/executable file .*not found|no such file or directory|command not found/i.test(words)) return 127;
  if (/permission denied|exec format error|is a directory/i.test(words)) return 126;
  return undefined;
}
