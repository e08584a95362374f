/**
 * The `.gitconfig` of a run's HOME (SPEC 3), as pure text. Where the worker we replace
 * rewrites `git@host:` to an address with the password in it, which git then hands to its
 * helpers as an argument, ours rewrites to `https://user@host/` and gives that address,
 * and no other, the same credentials as a header.
 */
import { RunFailure } from '../executor/ports.js';
import { configLine, configSection } from './config-text.js';

export interface CredentialInputs {
  cloneUrl: string;
  env: Record<string, string>;
  secrets: Record<string, string>;
}

export interface GitLabCredentials {
  user: string;
  token: string;
  /** Another GitLab that the same token is for: its base URL. */
  server: string | undefined;
}

/** GitLab's user, token and server; the run's env is asked before its secrets, the token is always a secret. */
export function gitlabCredentials({ env, secrets }: CredentialInputs): GitLabCredentials | undefined {
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
 * @param gitlabAccepted what the probe said of GitLab's credentials at the clone URL
 * @returns the text of `.gitconfig`, and for the log the names of the secrets in it and what they are for
 * @throws RunFailure for a secret that cannot stand in a header, or one of a pair that is missing
 */
export function gitConfig(inputs: CredentialInputs, gitlabAccepted: boolean): { text: string; uses: string[] } {
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
  throw new RunFailure('setup', `The secret ${name} is missing: ${other} is set, and is of no use without it.`);
}
