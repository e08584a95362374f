/** Why a pull failed, from the engine's words: every one of these says nothing about the code of the run. */
import { RunFailure } from '../executor/ports.js';

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

/** So much of an advice tells it from the others; the registry's name comes later. */
const ADVICE_HEAD = 20;

/** @param refusalIsFinal whether the registry's own "no" ends the pull at once: a worker tries again all the same */
export function pullFailure(image: string, registry: string, words: string, refusalIsFinal = false): RunFailure {
  // Names and addresses mean nothing: an image may be called "denied", a port be 40313.
  const telling = words.split(' ').filter((word) => word !== image && !/[/@]/.test(word));
  const reason = ` ${telling.join(' ')} `.toLowerCase();
  const kind = KINDS.find((each) => each.words.some((part) => reason.includes(part))) ?? UNKNOWN;
  // Podman tries a short name on several registries, and says which.
  const asked = /pinging container registry ([^\s/]+?):? /.exec(words)?.[1] ?? registry;
  const retryAfterMs = retryAfter(words);
  return new RunFailure('setup', `Image ${image} could not be pulled: ${words}. ${kind.advice(asked)}`, {
    environment: kind.environment,
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
    `Image ${image} could not be pulled: hardly anything arrived for ${boundMs / 1000} s. Check the registry and the network.`,
    { environment: 'registry' },
  );
}
