/**
 * The `.gitconfig` of a run's HOME (SPEC 3). Where the worker we replace
 * rewrites `git@host:` to an address with the password in it, which git then hands to its
 * helpers as an argument, ours rewrites to `https://user@host/` and gives that address,
 * and no other, the same credentials as a header.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, RunFailure } from '../executor/index.js';
import { writeFresh } from '../lib/index.js';
import { runEnvironment } from './environment.js';
import { GitError, readGit } from './git.js';

export interface CredentialInputs {
  cloneUrl: string;
  env: Record<string, string>;
  secrets: Record<string, string>;
}

interface GitLabCredentials {
  user: string;
  token: string;
  /** Another GitLab that the same token is for: its base URL. */
  server: string | undefined;
}

/** GitLab's user, token and server; the run's env is asked before its secrets, the token is always a secret. */
function gitlabCredentials({ env, secrets }: CredentialInputs): GitLabCredentials | undefined {
  const user = env['gitlabuser'] || secrets['gitlabuser'];
  if (!user) return undefined;
  const token = required(secrets, 'gitlabtok', 'gitlabuser');
  return { user, token, server: env['gitlabserver'] || secrets['gitlabserver'] || undefined };
}

/** `Basic …` of `user:password`. @throws RunFailure for a line break, which would end the header */
export function basicAuthorization(credentials: string | Buffer, secret: string): string {
  const bytes = Buffer.from(credentials);
  if (/[\r\n\0]/.test(bytes.toString('latin1'))) {
    const message = `The secret ${secret} has a line break in it, so git cannot send it. Set it without one.`;
    throw new RunFailure('setup', message);
  }
  return `Basic ${bytes.toString('base64')}`;
}

/** A section that gives `url`, and all below it, this one Authorization: an empty value first drops what others set. */
export function authorizationSection(url: string, authorization: string): string {
  return (
    configSection('http', url) +
    configLine('extraheader', '') +
    configLine('extraheader', `Authorization: ${authorization}`)
  );
}

/**
 * @param gitlabAccepted what the probe found about GitLab's credentials at the clone URL
 * @returns the text of `.gitconfig`, and for the log the names of the secrets in it and what they are for
 * @throws RunFailure for a secret that cannot stand in a header, or one of a pair that is missing
 */
function gitConfig(inputs: CredentialInputs, gitlabAccepted: boolean): { text: string; uses: string[] } {
  const { cloneUrl, secrets } = inputs;
  const uses: string[] = [];
  let text = rewrite('https://github.com/', 'git@github.com:');

  const github = secrets['githubtok'];
  if (github) {
    text += header('https://github.com', `Authorization: ${basicAuthorization(github, 'githubtok')}`);
    uses.push('githubtok for https://github.com');
  }

  const gitlab = gitlabCredentials(inputs);
  if (gitlab) {
    const authorization = basicAuthorization(`${gitlab.user}:${gitlab.token}`, 'gitlabtok');
    for (const url of [gitlabAccepted ? cloneUrl : undefined, gitlab.server]) {
      const host = url && hostOf(url);
      if (!host) continue;
      text += authorizationSection(url, authorization) + gitlabSubmodules(host, gitlab.user, authorization);
      uses.push(`gitlabtok for ${url}`);
    }
  }

  const bitbucket = secrets['bitbuckettok'];
  if (bitbucket) {
    const user = required(secrets, 'bitbucketuser', 'bitbuckettok');
    text += rewrite('https://bitbucket.org/', 'git@bitbucket.org:');
    const authorization = basicAuthorization(`${user}:${bitbucket}`, 'bitbuckettok');
    text += header('https://bitbucket.org', `Authorization: ${authorization}`);
    uses.push('bitbuckettok for https://bitbucket.org');
  }

  const extra = secrets['git.http.extraheader']?.trim();
  const hasGithub = Boolean(github) && cloneUrl.startsWith('https://github.com');
  if (extra && cloneUrl && !hasGithub && !(gitlabAccepted && /^authorization:/i.test(extra))) {
    text += header(cloneUrl, extra, 'git.http.extraheader');
    uses.push(`git.http.extraheader for ${cloneUrl}`);
  }
  return { text, uses };
}

/** Submodules named `git@host:…` are on the same GitLab. */
function gitlabSubmodules(host: string, user: string, authorization: string): string {
  const url = `https://${encodeURIComponent(user)}@${host}/`;
  return rewrite(url, `git@${host}:`) + authorizationSection(url, authorization);
}

function header(url: string, value: string, secret = 'token'): string {
  if (/[\r\n\0]/.test(value)) {
    throw new RunFailure('setup', `The secret ${secret} has a line break in it, so git cannot send it as a header.`);
  }
  return configSection('http', url) + configLine('extraheader', value);
}

function rewrite(url: string, insteadOf: string): string {
  return configSection('url', url) + configLine('insteadOf', insteadOf);
}

/** With the port, as an address has it; undefined for what is no http address. */
function hostOf(url: string): string | undefined {
  return isHttp(url) ? new URL(url).host : undefined;
}

export function isHttp(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}

function required(secrets: Record<string, string>, name: string, other: string): string {
  const value = secrets[name];
  if (value) return value;
  throw new RunFailure(
    'setup',
    `The secret ${name} is missing: ${other} is set, and works only together with it. Give both, or neither.`,
  );
}

/** Writes `.gitconfig` of a run's HOME, asking the server first whether GitLab's credentials are for it. */
export async function writeCredentials(
  inputs: CredentialInputs,
  options: { home: string; log: Log; signal: AbortSignal },
): Promise<void> {
  const gitlab = gitlabCredentials(inputs);
  const accepted =
    gitlab !== undefined &&
    isHttp(inputs.cloneUrl) &&
    (await probe(inputs.cloneUrl, basicAuthorization(`${gitlab.user}:${gitlab.token}`, 'gitlabtok'), options));
  const { text, uses } = gitConfig(inputs, accepted);
  await writeFresh(join(options.home, '.gitconfig'), text);
  for (const use of uses) await options.log.info(`Credentials: ${use}`);
}

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
async function probe(
  cloneUrl: string,
  authorization: string,
  { home, signal }: { home: string; signal: AbortSignal },
): Promise<boolean> {
  const file = join(home, '.gitconfig-probe');
  await writeFresh(file, authorizationSection(cloneUrl, authorization));
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

/** `[section "subsection"]`, with the two characters escaped that git escapes there. */
export function configSection(section: string, subsection: string): string {
  return `[${section} "${oneLine(subsection, section).replace(/[\\"]/g, '\\$&')}"]\n`;
}

/** One line of a section, written as git itself writes it: quoted only where it must be. */
export function configLine(key: string, value: string): string {
  const escaped = oneLine(value, key).replace(/[\\"]/g, '\\$&').replace(/\t/g, '\\t');
  const quote = /^ |[;#]| $/.test(value) ? '"' : '';
  return `\t${key} = ${quote}${escaped}${quote}\n`;
}

function oneLine(value: string, name: string): string {
  if (/[\n\r\0]/.test(value)) throw new RunFailure('setup', `A value for git's ${name} has a line break in it.`);
  return value;
}
