/**
 * GitHub and GitLab: the requests that a server makes the params of a build of (SPEC 2), and the status of a
 * commit (SPEC 5).
 */
import { objectOf } from '../lib/index.js';
import type { StringMap } from '../schema/index.js';
import { parseHttpUrl } from './address.js';
import type { Call } from './call.js';
import type { HttpClient } from './http.js';
import { parse } from './jsend.js';
import { ServerFailure } from './server-failure.js';

export interface PullRequestAt {
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
export function parsePullRequest(text: string, apiUrl?: string): PullRequestAt | undefined {
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

/** The params of a pull request that need no call; the caller knows the commit. */
export function pullRequestIdentity({ owner, repo, number, api, web }: PullRequestAt, sha: string): StringMap {
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
 * @throws ServerFailure when GitHub cannot be reached, or does not show it
 */
export async function pullRequestParams(
  http: HttpClient,
  request: PullRequestAt,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<StringMap> {
  const { owner, repo, number, api } = request;
  const what = `read the pull request ${owner}/${repo}#${number}`;
  const answer = await http.send({
    method: 'GET',
    url: `${api}/repos/${owner}/${repo}/pulls/${number}`,
    what,
    logIn: 'For a private repository, or a higher limit of calls, give a token with -s githubtok.',
    otherApi: CHECK_API,
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

const CHECK_API = 'Check the address of its API: --api-url.';

/** @throws ServerFailure for an answer that lacks one */
function required(what: string, fields: Record<string, unknown>): StringMap {
  const texts: StringMap = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || value === '') {
      throw new ServerFailure('no-jobserv', `Could not ${what}: the answer has nothing for ${name}. ${CHECK_API}`);
    }
    texts[name] = value;
  }
  return texts;
}

export interface MergeRequest {
  /** The group and name of the project that it goes to. */
  project: string;
  number: number;
  /** The API's address, `…/api/v4`. */
  api: string;
  /** The installation's address, without a slash at the end. */
  web: string;
}

const LOG_IN = 'For a private project, or a higher limit of calls, give a token with -s gitlabtok.';

/** The address of a merge request, with the `/-/` of newer GitLabs or without. @returns undefined for another text */
export function parseMergeRequest(text: string, apiUrl?: string): MergeRequest | undefined {
  const url = parseHttpUrl(text);
  const [, path, number] = /^\/(.+?)(?:\/-)?\/merge_requests\/(\d{1,9})(?:\/.*)?$/.exec(url?.pathname ?? '') ?? [];
  if (url === undefined || path === undefined || !/^[\w./-]+$/.test(path)) return undefined;
  if (apiUrl === undefined)
    return { project: path, number: Number(number), api: `${url.origin}/api/v4`, web: url.origin };
  const api = apiUrl.replace(/\/+$/, '');
  const web = api.replace(/\/api\/v\d+$/, '');
  // An installation below a path: that path is no group.
  const below = new URL(web).origin === url.origin ? new URL(web).pathname.replace(/\/$/, '').slice(1) : '';
  const project = below !== '' && path.startsWith(`${below}/`) ? path.slice(below.length + 1) : path;
  return { project, number: Number(number), api, web };
}

/** The params of a merge request that need no call. */
export function mergeRequestIdentity({ project, number, api, web }: MergeRequest, sha: string): StringMap {
  return {
    GL_MR: `${web}/${project}/-/merge_requests/${number}`,
    GL_MR_API: `${api}/projects/${encodeURIComponent(project)}/merge_requests/${number}`,
    GL_STATUS_URL: `${api}/projects/${encodeURIComponent(project)}/statuses/${sha}`,
    GL_TARGET_REPO: `${web}/${project}.git`,
  };
}

/**
 * The params of a build of this merge request as it is now.
 *
 * @param token a `gitlabtok`; a public project needs none
 * @throws ServerFailure when GitLab cannot be reached, or does not show it
 */
export async function mergeRequestParams(
  http: HttpClient,
  request: MergeRequest,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<StringMap> {
  const { project, number, api } = request;
  const what = `read the merge request ${project}!${number}`;
  const read = async (path: string): Promise<unknown> => {
    const headers = token ? { 'private-token': token } : {};
    const call: Call = {
      method: 'GET',
      url: `${api}/projects/${path}`,
      what,
      logIn: LOG_IN,
      otherApi: CHECK_API,
      headers,
      signal,
    };
    return parse((await http.send(call)).body);
  };
  const here = `${encodeURIComponent(project)}/merge_requests/${number}`;
  const [merge, versions] = await Promise.all([read(here).then(objectOf), read(`${here}/versions`)]);
  const [source, target] = await Promise.all(
    [merge?.['source_project_id'], merge?.['target_project_id']].map(async (id) =>
      typeof id === 'number' ? objectOf(await read(String(id))) : undefined,
    ),
  );
  const latest = Array.isArray(versions) ? objectOf(versions[0]) : undefined;
  const {
    GIT_SHA = '',
    from = '',
    to = '',
    ...params
  } = required(what, {
    GIT_SHA: merge?.['sha'],
    GIT_URL: source?.['http_url_to_repo'],
    GIT_SHA_BASE: latest?.['base_commit_sha'],
    GL_TARGET_REPO: target?.['http_url_to_repo'],
    GL_MR: merge?.['web_url'],
    from: source?.['path_with_namespace'],
    to: target?.['path_with_namespace'],
  });
  return {
    ...params,
    GIT_SHA,
    GL_STATUS_URL: `${api}/projects/${encodeURIComponent(from)}/statuses/${GIT_SHA}`,
    GL_MR_API: `${api}/projects/${encodeURIComponent(to)}/merge_requests/${number}`,
  };
}

export interface ForgeStatus {
  /** GitHub: `pending`, `success`, `failure`; GitLab: `running`, `success`, `failed`. */
  state: string;
  /** Which of the commit's statuses: the run's name. */
  context: string;
  description: string;
  targetUrl: string;
}

/** @throws ServerFailure when it could not be set */
export async function setGithubStatus(
  http: HttpClient,
  url: string,
  token: string,
  status: ForgeStatus,
): Promise<void> {
  await http.send(call(url, status, { authorization: `token ${token}` }));
}

/** One that GitLab finds running already is no failure. */
export async function setGitlabStatus(
  http: HttpClient,
  url: string,
  token: string,
  status: ForgeStatus,
): Promise<void> {
  try {
    await http.send(call(url, status, { 'private-token': token }));
  } catch (error) {
    const running =
      error instanceof ServerFailure && /Cannot transition status via :run from :running/.test(error.said ?? '');
    if (!running) throw error;
  }
}

function call(
  url: string,
  { state, context, description, targetUrl }: ForgeStatus,
  headers: Record<string, string>,
): Call {
  return {
    method: 'POST',
    url,
    what: `set the status ${state} of the commit`,
    body: JSON.stringify({ context, description, target_url: targetUrl, state }),
    headers: { 'content-type': 'application/json', ...headers },
    expect: [200, 201],
    accept: 'any',
    // Setting what is set changes nothing.
    repeatable: true,
  };
}
