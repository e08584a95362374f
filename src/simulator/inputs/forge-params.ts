/**
 * The params of runs that a pull or merge request starts: as its forge says, or, for the working
 * tree, as far as the request's own name tells. The latter asks nobody.
 */

import { UsageError } from '../../lib/index.js';
import type { StringMap, TriggerType } from '../../schema/index.js';
import {
  HttpClient,
  mergeRequestIdentity,
  mergeRequestParams,
  parseMergeRequest,
  parsePullRequest,
  pullRequestIdentity,
  pullRequestParams,
} from '../../server/index.js';

export interface ForgeRequest {
  /** `--pr`: `owner/repo#N`, or an address. */
  pr?: string | undefined;
  /** `--mr`: an address. */
  mr?: string | undefined;
  /** `--api-url`. */
  apiUrl?: string | undefined;
}

const FLAGS: Partial<Record<TriggerType, 'pr' | 'mr'>> = { github_pr: 'pr', gitlab_mr: 'mr' };

/** Whether a request was named for runs of this type. */
export function namesRequest(request: ForgeRequest | undefined, type: TriggerType): boolean {
  const flag = FLAGS[type];
  return flag !== undefined && request?.[flag] !== undefined;
}

/** @throws UsageError for a request that none of the chosen runs is started by, and for `--api-url` alone */
export function checkForgeRequest(request: ForgeRequest | undefined, types: readonly TriggerType[]): void {
  for (const [type, flag] of Object.entries(FLAGS)) {
    if (request?.[flag] === undefined || types.includes(type as TriggerType)) continue;
    const chosen = [...new Set(types)].join(', ');
    throw new UsageError(
      `--${flag} is for the runs of ${type} triggers, and ${chosen ? `those chosen are of ${chosen}` : 'none is chosen from a definition'}. Leave it out, or choose others.`,
    );
  }
  if (request?.apiUrl !== undefined && request.pr === undefined && request.mr === undefined) {
    throw new UsageError('--api-url says where the API of --pr or --mr is, and neither is given.');
  }
}

/**
 * Asks the forge, or with `sha` of a working tree nobody.
 *
 * @param secrets tokens are among them: `githubtok`, `gitlabtok`
 * @throws UsageError for a request that cannot be read; ServerFailure
 */
export async function forgeParams(
  request: ForgeRequest,
  type: TriggerType,
  secrets: StringMap,
  local: { sha: string | undefined } | undefined,
  signal?: AbortSignal,
): Promise<StringMap> {
  const apiUrl = request.apiUrl;
  if (apiUrl !== undefined && !/^https?:\/\/[^/]/i.test(apiUrl)) {
    throw new UsageError(
      `--api-url ${apiUrl} is no http or https address. Write, for example, https://ghe.example.org/api/v3.`,
    );
  }
  if (type === 'github_pr') {
    const pull = parsePullRequest(request.pr ?? '', apiUrl);
    if (pull === undefined) {
      throw new UsageError(`--pr ${request.pr} is no pull request. Write owner/repo#12, or its address.`);
    }
    if (local !== undefined) return pullRequestIdentity(pull, local.sha ?? '');
    return asking(['githubtok', secrets], (http, token) => pullRequestParams(http, pull, token, signal));
  }
  const merge = parseMergeRequest(request.mr ?? '', apiUrl);
  if (merge === undefined) {
    throw new UsageError(
      `--mr ${request.mr} is no merge request. Give its address: https://gitlab.com/group/project/-/merge_requests/12.`,
    );
  }
  if (local !== undefined) return mergeRequestIdentity(merge, local.sha ?? '');
  return asking(['gitlabtok', secrets], (http, token) => mergeRequestParams(http, merge, token, signal));
}

async function asking(
  [name, secrets]: [name: string, secrets: StringMap],
  ask: (http: HttpClient, token: string | undefined) => Promise<StringMap>,
): Promise<StringMap> {
  const http = new HttpClient({ waitForProxy: false });
  const token = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  try {
    return await ask(http, token);
  } finally {
    await http.close();
  }
}
