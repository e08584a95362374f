/** From what was pasted to the run on its server. */

import { UsageError } from '../../lib/errors.js';
import { withoutSecrets } from '../../server/address.js';
import { readBuildRuns } from '../../server/build.js';
import type { HttpClient } from '../../server/http.js';
import { readRunDefinition } from '../../server/run.js';
import { isBuildUrl, parseRunUrl, type RunAddress, runByPattern } from '../../server/run-url.js';
import type { ServerAccess } from '../inputs/server-access.js';
import { serversFile } from '../inputs/servers-file.js';
import { usersFault } from '../inputs/users-fault.js';

export interface FoundRun {
  address: RunAddress;
  /** As the server handed it out; not checked. */
  rundef: Record<string, unknown>;
}

/**
 * The run of any address that a person would paste, with its definition, which is the proof that it is one.
 *
 * @throws UsageError for an address that leads to no run; ServerFailure when the server is not to be had
 */
export async function findRun(
  pasted: string,
  { http, servers }: ServerAccess,
  signal?: AbortSignal,
): Promise<FoundRun> {
  for (const { server, web } of servers) {
    const known = web === undefined ? undefined : runByPattern(pasted, server, web);
    if (known !== undefined) return fetchRun(http, known, signal);
  }
  const direct = parseRunUrl(pasted);
  if (direct !== undefined) return fetchRun(http, direct, signal);
  if (isBuildUrl(pasted)) throw await notTheBuild(http, withoutSecrets(pasted), signal);
  throw new UsageError(
    `${withoutSecrets(pasted)} leads to no run: it is not of the form https://server/projects/PROJECT/builds/N/runs/NAME/. ` +
      `Give the address of the run on the server. For pages of a web front end, say in ${serversFile()} how their addresses are made: web = "https://…/{project}/…/{build}/…/{run}".`,
  );
}

/** What to paste instead of a build; its runs are named where the server tells them. */
async function notTheBuild(http: HttpClient, pasted: string, signal: AbortSignal | undefined): Promise<UsageError> {
  const build = pasted.replace(/(\/runs)?\/*$/, '/');
  const runs = await usersFault(readBuildRuns(http, build, signal));
  const listed = runs.slice(0, LISTED).map(({ name, status }) => `${name} (${status})`);
  const more = runs.length > LISTED ? `, and ${runs.length - LISTED} more` : '';
  const names = runs.length === 0 ? '' : ` It has ${listed.join(', ')}${more}.`;
  return new UsageError(`${pasted} is a build, not a run.${names} Name one of its runs: ${build}runs/NAME/.`);
}

/** So many runs of a build are named. */
const LISTED = 40;

async function fetchRun(http: HttpClient, address: RunAddress, signal: AbortSignal | undefined): Promise<FoundRun> {
  return { address, rundef: await usersFault(readRunDefinition(http, address.url, signal)) };
}
