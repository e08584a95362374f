/** Merge requests in GitLab's API: what a server makes the params of a gitlab_mr build of (SPEC 2). */
import type { StringMap } from '../schema/model.js';
import { parseHttpUrl } from './address.js';
import type { Call } from './call.js';
import { required } from './github.js';
import type { HttpClient } from './http.js';
import { objectOf, parse } from './jsend.js';

export interface MergeRequest {
  /** The group and name of the project that it goes to. */
  project: string;
  number: number;
  /** The API's address, `…/api/v4`. */
  api: string;
  /** The installation's address, without a slash at the end. */
  web: string;
}

const LOG_IN = 'If the project is private, give its token with -s gitlabtok.';

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

/** What can be said of a merge request without asking anybody. */
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
 * @throws ServerFailure when GitLab is not to be had, or does not show it
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
    const call: Call = { method: 'GET', url: `${api}/projects/${path}`, what, logIn: LOG_IN, headers, signal };
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
