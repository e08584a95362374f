/** Why an image could not be pulled, or a container not created or started, from the engine's messages. */
import { type ContainerExit, RunFailure } from '../executor/index.js';
import { engineFailure, engineWords, isUnreachable, statusOf } from './client.js';

interface Kind {
  /** Words of Docker's and Podman's for it, lower case. */
  words: readonly string[];
  environment: 'engine' | 'registry';
  /** The registry has decided: asking again would bring the same answer. */
  refusal?: boolean;
  advice(registry: string): string;
}

/** In this order: the first that fits. */
const KINDS: readonly Kind[] = [
  {
    words: ['no space left on device', 'failed to register layer', 'read-only file system', 'input/output error'],
    environment: 'engine',
    advice: () => "The engine could not store it: look after the space on the engine's disk.",
  },
  {
    words: ['toomanyrequests', 'too many requests', 'http 429', 'status: 429', ' 429 '],
    environment: 'registry',
    advice: (registry) =>
      `${registry} limits how many pulls it answers: wait, or log in with "docker login ${registry}", which raises the limit.`,
  },
  {
    words: ['container registry localhost: '],
    environment: 'registry',
    advice: () =>
      'Podman calls an image that was built or loaded on its machine localhost/…: it is in no registry. Take it without pulling (--pull missing), or write the name of its registry before its own.',
  },
  {
    words: [
      'dial tcp',
      'no such host',
      'connection refused',
      'connection reset',
      'network is unreachable',
      'i/o timeout',
      'tls handshake',
      'deadline exceeded',
      'request canceled',
      'unexpected eof',
      ': eof',
      'x509',
      'server gave http response to https client',
      'unexpected http status: 5',
      'service unavailable',
    ],
    environment: 'registry',
    advice: (registry) => `Check that ${registry} can be reached from the engine.`,
  },
  {
    words: ['denied', 'unauthorized', 'no basic auth credentials', 'authentication required', ' 401', ' 403'],
    environment: 'registry',
    refusal: true,
    advice: (registry) => `If it is private, give the run a container-auth, or log in with "docker login ${registry}".`,
  },
  {
    words: [
      "invalid character '<'",
      'stopped after',
      'verification failed',
      'digest mismatch',
      'did not match',
      'media type',
    ],
    environment: 'registry',
    advice: (registry) =>
      `${registry}, or a proxy in front of it, gave an answer that no registry gives: check its address.`,
  },
  {
    words: ['manifest unknown', 'not found', 'name unknown', 'name not known', 'does not exist'],
    environment: 'registry',
    refusal: true,
    advice: () => 'Check its name and tag.',
  },
  {
    words: ['no matching manifest', 'no image found in manifest list', 'operating system'],
    environment: 'registry',
    refusal: true,
    advice: () => "There is none for the engine's platform under this name: check its name and tag.",
  },
];

const UNKNOWN: Kind = {
  words: [],
  environment: 'registry',
  advice: (registry) => `Check whether ${registry} works, and the image's name and tag.`,
};

/** Whether a run's message reports a registry's own "no", and not that the registry could not be asked. */
export function isRefusal(message: string): boolean {
  return KINDS.some(({ refusal, advice }) => refusal && message.includes(advice('').slice(0, ADVICE_HEAD)));
}

/** This much of an advice is unique; the registry's name comes later. */
const ADVICE_HEAD = 20;

/** @param refusalIsFinal whether the registry's own "no" ends the pull at once: a worker tries again all the same */
export function pullFailure(image: string, registry: string, words: string, refusalIsFinal = false): RunFailure {
  // Names and addresses mean nothing: an image may be called "denied", a port be 40313.
  const telling = words.split(' ').filter((word) => word !== image && !/[/@]/.test(word));
  const reason = ` ${telling.join(' ')} `.toLowerCase();
  const kind = KINDS.find((each) => each.words.some((part) => reason.includes(part))) ?? UNKNOWN;
  // Podman tries a short name on several registries, and names them.
  const asked = /pinging container registry ([^\s/]+?):? /.exec(words)?.[1] ?? registry;
  const retryAfterMs = retryAfter(words);
  return new RunFailure('setup', `Image ${image} could not be pulled: ${words}.`, {
    environment: kind.environment,
    advice: kind.advice(asked),
    ...(kind.refusal && refusalIsFinal ? { final: true } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** The engine does not pass the header on; registries that write it into their message do: `retry-after: 1.5s`. */
function retryAfter(words: string): number | undefined {
  const [, number, unit = 's'] = /retry-after:? "?(\d+(?:\.\d+)?)(ms|s|m|h)?\b/i.exec(words) ?? [];
  return number === undefined ? undefined : Math.ceil(Number(number) * (UNITS[unit] ?? 1_000));
}

export function stallFailure(image: string, boundMs: number): RunFailure {
  return new RunFailure(
    'setup',
    `Image ${image} could not be pulled: hardly anything arrived for ${boundMs / 1000} s.`,
    { environment: 'registry', advice: 'Check the registry and the network.' },
  );
}

/** The engine, its network, its storage or its runtime; before anything else, because they quote file names too. */
const ENGINE_CAUSES =
  /no space left|cannot allocate memory|too many open files|resource temporarily unavailable|input\/output error|cgroup|bridge|address(es)? pool|network|endpoint|iptables|slirp4netns|pasta|netavark|runtime error|fork\/exec|unknown( or invalid)? runtime|apply caps|capabilit(y|ies).*not permitted|overlay mount|containerd/i;

/** The image or the definition: a user, a folder, a mount, a capability that no engine would accept. */
const RUN_CAUSES =
  /unable to find (user|group)|no matching entries|linux spec user|setup user|(invalid|unknown|unable to parse) user|uids and gids|working directory|chdir to cwd|cannot mkdir|invalid mount|invalid volume|invalid container path|mount path must be absolute|must be an absolute path|duplicate mount|error mounting|mount .*\bflags\b|(unknown|invalid) capability|invalid capadd|invalid capdrop|no command|image operating system|minimum memory/i;

/** What each layer of an engine adds to the words of the one below. */
const LAYERS =
  /^((failed to create|starting|unable to start) [\w ]+: |OCI runtime [\w ]+: |(runc|crun)( [\w ]+)?: )+|: unknown$/gi;

/**
 * A script that is not there or may not be executed is the run's own end, with the exit
 * code that `docker run` gives: 127 and 126. A user, a mount, a working directory
 * (`docker run` says 125) are the run's set-up; everything else is the engine's.
 */
export function startFailure(error: unknown): ContainerExit | RunFailure {
  const words = engineWords(error);
  const exitCode = isUnreachable(error) ? undefined : processExitCode(words);
  if (exitCode !== undefined) return { exitCode, oomKilled: false, error: words.replace(LAYERS, '') };
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

/** Podman quotes all that the program wrote: the first line is the reason. */
const NETWORK_PROGRAM = /(slirp4netns|pasta) failed[^:]*: "?(.*?)(?:\\n|\n|"?$)/;

function setupFailure(what: string, error: unknown): RunFailure {
  const words = engineWords(error);
  const [, program, reason = ''] = NETWORK_PROGRAM.exec(words) ?? [];
  if (program !== undefined) {
    const why = `${program}, which gives containers of this engine their network, failed: ${reason.replaceAll('\\"', '"')}`;
    const message = `${what}: ${why}. Check that "podman run" works, and that the engine's user may open /dev/net/tun.`;
    return new RunFailure('setup', message, { environment: 'engine', cause: error });
  }
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
