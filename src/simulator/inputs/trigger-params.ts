/**
 * The params that a trigger passes to its runs (SPEC 2), from the repository at hand. What
 * only the forge could know is made up, so that scripts that read it work; the ledger says so
 * where a script does.
 */
import { fileUrl, type RepositoryInfo } from '../../git/index.js';
import type { StringMap, TriggerType } from '../../schema/index.js';

export interface CheckoutFacts {
  repository?: RepositoryInfo | undefined;
  /** The commit that will lie at /repo, when it is known before the run. */
  sha?: string | undefined;
  /** What it was made from: HEAD, or HEAD's parent when HEAD itself is what runs. */
  oldSha?: string | undefined;
}

export interface TriggerParams {
  params: StringMap;
  /** Of the made-up ones: what they are. */
  madeUp: StringMap;
}

/** Nothing answers there, and nothing ever will (RFC 2606). */
export const NOWHERE = 'https://jobserv.invalid';

/**
 * @param known params of the definition and of the command line: they say what is not made up
 */
export function triggerParams(type: TriggerType, known: StringMap, checkout: CheckoutFacts): TriggerParams {
  const result: TriggerParams = { params: Object.create(null), madeUp: Object.create(null) };
  if (type === 'simple') return result;
  const { repository, sha, oldSha } = checkout;
  const branch = repository?.branch;
  const url = firstWord(known['GIT_URL']) ?? repository?.remoteUrl;
  const set = (name: string, value: string | undefined, madeUp?: string) => {
    if (value === undefined) return;
    result.params[name] = value;
    if (madeUp !== undefined) result.madeUp[name] = madeUp;
  };
  if (url !== undefined) set('GIT_URL', url);
  else if (repository) set('GIT_URL', fileUrl(repository.toplevel), 'the path of a repository that has no remote');
  set('GIT_SHA', sha);
  const base = oldSha ?? sha;
  const baseMadeUp = 'the commit before the one that runs, not what the server last built';
  if (type !== 'gitlab_mr') set('GIT_OLD_SHA', base, baseMadeUp);
  if (type === 'git_poller') {
    const detached = branch === undefined ? 'a stand-in: no branch is checked out' : undefined;
    set('GIT_REF', `refs/heads/${branch ?? 'detached'}`, detached);
    return result;
  }
  set('GIT_SHA_BASE', base, 'the commit before the one that runs, not where the branch began');
  const standIn = 'a stand-in: there is no request on the forge';
  if (type === 'github_pr') {
    const [owner, repo] = ownerAndName(url);
    set('GH_PRNUM', '1', standIn);
    set('GH_OWNER', owner, "the owner in this repository's own address");
    set('GH_REPO', repo, "the name in this repository's own address");
    set('GH_BRANCH', firstWord(known['GH_BRANCH']) ?? 'main', 'a guess at the target branch of the request');
    set('GH_STATUS_URL', `${NOWHERE}/repos/${owner}/${repo}/statuses/${sha ?? ''}`, standIn);
    set('GH_TARGET_REPO', url, "this repository's own address");
  } else {
    const project = ownerAndName(url).join('/');
    set('GL_MR', `${NOWHERE}/${project}/merge_requests/1`, standIn);
    set('GL_MR_API', `${NOWHERE}/api/v4/projects/${encodeURIComponent(project)}/merge_requests/1`, standIn);
    set('GL_STATUS_URL', `${NOWHERE}/api/v4/projects/${encodeURIComponent(project)}/statuses/${sha ?? ''}`, standIn);
    set('GL_TARGET_REPO', url, "this repository's own address");
  }
  return result;
}

/** A poller's GIT_URL may list several repositories; each build is of one. */
function firstWord(text: string | undefined): string | undefined {
  return text?.trim().split(/\s+/)[0] || undefined;
}

/** `owner` and `name` of `https://host/owner/name.git`, `git@host:owner/name`, `/some/owner/name`. */
function ownerAndName(url: string | undefined): [string, string] {
  const words = (url ?? '')
    .replace(/\.git\/?$/, '')
    .split(/[/:]/)
    .filter(Boolean);
  return [words.at(-2) ?? 'owner', words.at(-1) ?? 'repository'];
}
