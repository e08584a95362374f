/**
 * The clone of a script-repo. A worker that puts the token into the clone URL shows it to
 * everybody on the host in the list of processes; here git gets the same credentials from
 * a file. But a script in the container may fetch again from `origin`, and must not be able
 * to tell: so the address in the clone's configuration is the one with the token in it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFailure, type ScriptRepositoryRequest } from '../executor/index.js';
import { writeFresh } from '../lib/index.js';
import { clone } from './clone.js';
import { authorizationSection, basicAuthorization, isHttp } from './credentials.js';
import { runEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import { readGit, streamGit } from './git.js';
import { checkRef, checkUrl, type HostRepositories, withoutCredentials } from './guard.js';
import { setOrigin } from './pushed.js';
import { verifyCheckout } from './verify.js';

const CREDENTIAL_FILE = '.gitconfig-script-repo';

/** Clones, checks out `gitRef` if given, and answers the commit that is checked out. Throws as `Source.checkoutScripts`. */
export async function cloneScripts(
  request: ScriptRepositoryRequest,
  waits: readonly number[],
  repositories: HostRepositories | undefined,
): Promise<{ sha: string }> {
  const { cloneUrl, gitRef, directory, home, log, signal } = request;
  checkUrl(cloneUrl, "The script-repo's clone-url", repositories);
  if (gitRef) checkRef(gitRef, "The script-repo's git-ref");
  await log.info(`Cloning ${withoutCredentials(cloneUrl)}`);
  await cloneWithToken(request, waits);

  const call = { cwd: directory, env: runEnvironment(home), signal };
  if (gitRef) {
    await log.info(`Checking out ${gitRef}`);
    try {
      await streamGit({ args: ['checkout', gitRef, '--'], ...call }, log);
    } catch (error) {
      throw gitFailure(`Could not check out ${gitRef} of ${withoutCredentials(cloneUrl)}`, error);
    }
  }
  let sha: string;
  try {
    sha = (await readGit({ args: ['rev-parse', '--verify', 'HEAD^{commit}'], ...call })).toString().trim();
  } catch (error) {
    signal.throwIfAborted();
    throw await noCommit(withoutCredentials(cloneUrl), call, error);
  }
  try {
    await verifyCheckout(request);
  } catch (error) {
    throw gitFailure('Could not check the script-repo against its commit', error);
  }
  await log.info(`HEAD is ${sha}`);
  return { sha };
}

async function noCommit(
  url: string,
  call: { cwd: string; env: Record<string, string>; signal: AbortSignal },
  cause: unknown,
): Promise<RunFailure> {
  const branches = (await readGit({ args: ['for-each-ref', '--count=1', 'refs/remotes/origin'], ...call })).toString();
  const message =
    branches === ''
      ? `The script-repo ${url} is empty: it has no commit, so there is no script to run. Push one.`
      : `The HEAD of the script-repo ${url} names no branch, so nothing was checked out. Name a branch, tag or commit with git-ref.`;
  return new RunFailure('setup', message, { cause });
}

async function cloneWithToken(request: ScriptRepositoryRequest, waits: readonly number[]): Promise<void> {
  const { cloneUrl, home } = request;
  const credentials = tokenOf(request);
  if (credentials === undefined) return clone(cloneUrl, request, waits);
  if (!isHttp(cloneUrl)) {
    const message = `The script-repo has a token, which cannot be used with ${withoutCredentials(cloneUrl)}. Use its https address.`;
    throw new RunFailure('setup', message);
  }
  const { scheme, host, path } = parts(cloneUrl);
  const url = `${scheme}://${host}${path}`;
  const authorization = basicAuthorization(userinfoBytes(credentials), request.token ?? '');
  const file = join(home, CREDENTIAL_FILE);
  await writeFresh(file, authorizationSection(url, authorization));
  try {
    await clone(url, request, waits, ['-c', `include.path=${file}`]);
  } finally {
    await rm(file, { force: true });
  }
  await setOrigin(join(request.directory, '.git'), url, `${scheme}://${credentials}@${host}${path}`);
}

/** The text before the `@` of the address: one secret's value, or two with a colon between them. */
function tokenOf({ token, secrets }: ScriptRepositoryRequest): string | undefined {
  if (!token) return undefined;
  const names = token.split(':');
  if (names.length > 2) return undefined;
  const values = names.map((name) => {
    const value = secrets[name];
    if (value !== undefined) return value;
    throw new RunFailure(
      'setup',
      `The script-repo's token is the secret ${name}, which the run does not have. Set it.`,
    );
  });
  return values.join(':');
}

/** What a client sends for that text: percent-decoded, and with a colon even where there is no password. */
function userinfoBytes(userinfo: string): Buffer {
  const withPassword = userinfo.includes(':') ? userinfo : `${userinfo}:`;
  return Buffer.from(
    Buffer.from(withPassword)
      .toString('latin1')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

/** Query and fragment go, as they do on a worker. */
function parts(url: string): { scheme: string; host: string; path: string } {
  const match = /^(https?):\/\/(?:[^/?#]*@)?([^/?#@]*)([^?#]*)/i.exec(url);
  return { scheme: match?.[1]?.toLowerCase() ?? 'https', host: match?.[2] ?? '', path: match?.[3] ?? '' };
}
