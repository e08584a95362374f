/** Pull requests in GitHub's API: what a server makes the params of a github_pr build of (SPEC 2). */
import type { StringMap } from '../schema/model.js';
import { parseHttpUrl } from './address.js';
import type { HttpClient } from './http.js';
import { objectOf, parse } from './jsend.js';
import { ServerFailure } from './server-failure.js';

export interface PullRequest {
  owner: string;
  repo: string;
  number: number;
  /** The API's address, without a slash at the end. */
  api: string;
  /** Where repositories are cloned from, without a slash at the end. */
  web: string;
}

const NAME = '[A-Za-z0-9._-]+';
const GITHUB = 'https://github.com';

/**
 * `owner/repo#N`, or the address of the pull request. The API is api.github.com, or `/api/v3` of
 * an installation of one's own, unless another is named.
 *
 * @returns undefined for another text
 */
export function parsePullRequest(text: string, apiUrl?: string): PullRequest | undefined {
  const short = new RegExp(`^(${NAME})/(${NAME})#(\\d{1,9})$`).exec(text);
  const url = short === null ? parseHttpUrl(text) : undefined;
  const path = url && new RegExp(`^/(${NAME})/(${NAME})/pull/(\\d{1,9})(?:/.*)?$`).exec(url.pathname);
  const [, owner, repo, number] = short ?? path ?? [];
  if (owner === undefined || repo === undefined) return undefined;
  const api = (apiUrl ?? apiOf(url?.origin ?? GITHUB)).replace(/\/+$/, '');
  return { owner, repo, number: Number(number), api, web: url?.origin ?? webOf(api) };
}

const apiOf = (web: string) => (web === GITHUB ? 'https://api.github.com' : `${web}/api/v3`);
const webOf = (api: string) => (api === apiOf(GITHUB) ? GITHUB : new URL(api).origin);

/** What can be said of a pull request without asking anybody; the commit is the caller's to know. */
export function pullRequestIdentity({ owner, repo, number, api, web }: PullRequest, sha: string): StringMap {
  return {
    GH_PRNUM: String(number),
    GH_OWNER: owner,
    GH_REPO: repo,
    GH_STATUS_URL: `${api}/repos/${owner}/${repo}/statuses/${sha}`,
    GH_TARGET_REPO: `${web}/${owner}/${repo}.git`,
  };
}

/**
 * The params of a build of this pull request as it is now.
 *
 * @param token a `githubtok`; a public repository needs none
 * @throws ServerFailure when GitHub is not to be had, or does not show it
 */
export async function pullRequestParams(
  http: HttpClient,
  request: PullRequest,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<StringMap> {
  const { owner, repo, number, api } = request;
  const what = `read the pull request ${owner}/${repo}#${number}`;
  const answer = await http.send({
    method: 'GET',
    url: `${api}/repos/${owner}/${repo}/pulls/${number}`,
    what,
    logIn: 'If the repository is private, give its token with -s githubtok.',
    headers: {
      accept: 'application/vnd.github+json',
      ...(token ? { authorization: `token ${token}` } : {}),
    },
    signal,
  });
  const pull = objectOf(parse(answer.body));
  const base = objectOf(pull?.['base']);
  const head = objectOf(pull?.['head']);
  if (head !== undefined && head['repo'] === null) {
    throw new ServerFailure(
      'rejected',
      `Could not ${what}: the repository that it comes from has been deleted. Run its commit from a clone that has it, with --source local.`,
    );
  }
  return {
    GH_PRNUM: String(number),
    GH_OWNER: owner,
    GH_REPO: repo,
    ...required(what, {
      GH_BRANCH: base?.['ref'],
      GH_STATUS_URL: pull?.['statuses_url'],
      GH_TARGET_REPO: objectOf(base?.['repo'])?.['clone_url'],
      GIT_URL: objectOf(head?.['repo'])?.['clone_url'],
      GIT_SHA_BASE: base?.['sha'],
      GIT_OLD_SHA: base?.['sha'],
      GIT_SHA: head?.['sha'],
    }),
  };
}

/** @throws ServerFailure for an answer that lacks one */
export function required(what: string, fields: Record<string, unknown>): StringMap {
  const texts: StringMap = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || value === '') {
      throw new ServerFailure('no-jobserv', `Could not ${what}: the answer has nothing for ${name}. Check --api-url.`);
    }
    texts[name] = value;
  }
  return texts;
}
