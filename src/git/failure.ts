/** From git's output to a reason that a user can act on. */
import { type Environment, RunFailure } from '../executor/index.js';
import { excerpt, machineFault, portOf, proxyFor } from '../lib/index.js';
import { GitError } from './git.js';

interface Kind {
  pattern: RegExp;
  why: string;
  advice: string;
  environment?: Environment;
}

/** In order: what git prints for a refused password holds words of the more general ones below it. */
const KINDS: Kind[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|Out of diskspace/i,
    why: 'the disk is full',
    advice: 'Free some space, or choose another workspace.',
    environment: 'disk',
  },
  {
    // git does not always print why: on a full disk as little as "unable to write file x".
    pattern: /^(error|fatal): (unable|could not|cannot|failed) (to )?(write|create|append|store|mkdir)/im,
    why: 'git cannot write its files',
    advice: 'Make room on the disk, or choose another workspace.',
    environment: 'disk',
  },
  {
    pattern: /died of signal/,
    why: 'git, or a program that it started, was killed',
    advice: 'The system does that when memory or a disk is full: look at its log.',
    environment: 'git',
  },
  {
    pattern: /unable to index file|adding files failed|updating files failed|could not open directory/i,
    why: 'git cannot read a file of it',
    advice: 'Make the file readable for you, or have git ignore it.',
    environment: 'git',
  },
  {
    pattern:
      /Authentication failed|could not read (Username|Password)|returned error: (401|403)|Permission denied \(|Host key verification failed|Access denied|terminal prompts disabled/i,
    why: 'the server refused the credentials, or wants some',
    advice: 'Check the secret that holds the token for this server, and what that token may read.',
    environment: 'git',
  },
  {
    pattern:
      /repository .*not found|returned error: (404|410)|does not appear to be a git repository|repository .* does not exist|Repository not found/i,
    why: 'there is no such repository, or the credentials may not see it',
    advice: 'Check the address and, for a private repository, the secret with the token.',
    environment: 'git',
  },
  {
    pattern:
      /not a valid (object name|branch point|ref)|unknown revision|did not match any file|not a commit|reference is not a tree|unable to read tree|invalid reference|not our ref|Direct fetching of that commit failed|did not contain/i,
    why: 'that commit or reference is not in the repository',
    advice: 'Check that it was pushed, and not removed by a forced push since.',
  },
  {
    pattern: /transport '.*' not allowed|Unable to find remote helper/i,
    why: 'its address uses a transport that is not allowed here',
    advice: 'Use an https, http, git or ssh address.',
  },
  {
    pattern: /certificate/i,
    why: 'the certificate of the server is not trusted here, or not valid',
    advice: 'If it is from an authority of your own, name its file in the environment: GIT_SSL_CAINFO=ca.pem.',
    environment: 'git',
  },
  {
    pattern:
      /could not resolve|couldn't connect|failed to connect|connection (refused|timed out|reset|closed)|timed out|network is unreachable|no route to host|SSL|TLS|certificate|early EOF|RPC failed|remote end hung up|unexpected disconnect|empty reply|unable to connect|returned error: (408|429|5\d\d)|unable to access|Temporary failure in name resolution/i,
    why: 'the git server could not be reached',
    advice: 'Check the address, the network and the proxy settings of this host.',
    environment: 'git',
  },
];

/**
 * @param what what could not be done, as the start of a sentence: `Could not clone <url>`
 * @param advice for what none of `KINDS` explains, where it cannot be the fault of a run
 * @returns a `RunFailure('setup')` for a failed git, or a full disk; anything else as it is
 */
export function gitFailure(what: string, error: unknown, advice?: string): unknown {
  const fault = machineFault(error);
  if (fault !== undefined) return new RunFailure('setup', `${what}: ${fault}`, { environment: 'disk', cause: error });
  if (!(error instanceof GitError)) return error;
  const ending = error.exitCode === undefined ? '\ndied of signal' : '';
  const kind = proxyKind(error.output) ?? KINDS.find(({ pattern }) => pattern.test(error.output + ending));
  const words = gitWords(error);
  const environment = kind?.environment ?? (advice === undefined ? undefined : 'git');
  const repair = kind?.advice ?? advice;
  return new RunFailure('setup', kind ? `${what}: ${kind.why} (${words}).` : `${what}: ${words}.`, {
    cause: error,
    ...(environment && { environment }),
    ...(repair && { advice: repair }),
  });
}

/** When a proxy of the environment, and not the server, is what failed. */
function proxyKind(output: string): Omit<Kind, 'pattern'> | undefined {
  const about = /unable to access '(https?:)\/\/(\[[^\]]+\]|[^/:']+):?(\d*)[^']*': (.*)/.exec(output);
  const [, protocol = '', server = '', port = '', words = ''] = about ?? [];
  const proxy = proxyFor(protocol);
  if (proxy?.url === undefined) return undefined;
  const { variable, url } = proxy;
  // Where both have one name and one port the server is the likelier one.
  const same = url.hostname === server && portOf(url) === port;
  const away = !same && words.includes(`connect to ${url.hostname} port ${portOf(url)} `);
  if (!away && !/\bproxy\b|CONNECT tunnel/i.test(words)) return undefined;
  return {
    why: `the proxy ${url.host}, set by ${variable}, cannot be reached or refuses the connection`,
    advice: `Correct ${variable}, or add ${server} to NO_PROXY.`,
    environment: 'git',
  };
}

/** Lines of git's that give no reason. Everything else before its own is a helper's, or the server's (`remote:`). */
const NO_REASON = /^(Cloning into |Submodule |From |hint:|warning:|[A-Z][\w ]+: +\d+% )/;

/**
 * git's own reason, its first `fatal:` or `error:` line, which is nearer to the cause than the last; before it, what
 * a credential helper, ssh or the server wrote.
 */
export function gitWords({ output, exitCode }: GitError): string {
  const lines = output.split('\n').map((line) => line.trim());
  const at = lines.findIndex((text) => /^(fatal|error|ssh):/.test(text));
  const line = lines[at] ?? lines.filter(Boolean).at(-1) ?? '';
  const before = lines
    .slice(0, Math.max(at, 0))
    .filter((text) => text !== '' && !NO_REASON.test(text))
    .slice(-3);
  // What a line with a colon at its end announces stands in the next one.
  const own = line.endsWith(':') ? `${line} ${lines[at + 1] ?? ''}` : line;
  const words = [...before, own.replace(/^(fatal|error): /, '')].map((text) => excerpt(text)).filter(Boolean);
  return words.join('; ') || `git ended with ${exitCode ?? 'a signal'}`;
}
