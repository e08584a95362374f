/** A run's definition from its server, as a worker would have got it. */

import { UsageError } from '../../lib/errors.js';
import type { StringMap } from '../../schema/model.js';
import type { RunAddress } from '../../server/run-url.js';
import { type RundefFile, readRundef } from '../inputs/rundef-file.js';
import { type AccessRequest, openServers } from '../inputs/server-access.js';
import { type FoundRun, findRun } from './find-run.js';

/**
 * The rundefs of runs, by any address of theirs, in the order of the addresses.
 *
 * @throws UsageError for an address that leads to no run, or a rundef that is refused; ServerFailure
 */
export async function fetchRundefs(
  addresses: readonly string[],
  request: AccessRequest,
  signal?: AbortSignal,
): Promise<RundefFile[]> {
  const access = await openServers(addresses, request);
  try {
    const fetched: RundefFile[] = [];
    for (const address of addresses) fetched.push(replayable(rundefOfRun(await findRun(address, access, signal))));
    return fetched;
  } finally {
    await access.http.close();
  }
}

/** @throws UsageError for a rundef that is refused */
export function rundefOfRun({ address, rundef }: FoundRun): RundefFile {
  const file = readRundef(rundef, address.url);
  return { ...file, rundef: { ...file.rundef, ...addressed(file.rundef, address) } };
}

/**
 * The same, when nothing in it is meant for the worker's own host only: a repository by its path would be another
 * one here, one of the user's, which no server may have cloned.
 *
 * @throws UsageError
 */
export function replayable(file: RundefFile): RundefFile {
  const { path, rundef } = file;
  const repositories = {
    'env.GIT_URL': rundef.env?.['GIT_URL'],
    'script-repo.clone-url': rundef['script-repo']?.['clone-url'],
  };
  for (const [field, url] of Object.entries(repositories)) {
    if (!url || !isLocalPath(url)) continue;
    throw new UsageError(
      `${path} is not replayed: its ${field} is ${JSON.stringify(url)}, a folder of the worker's own host, and here that would be one of yours. ` +
        'If you want it, keep the rundef with "jobserv rundef get URL --output FILE", mend the address in it, and simulate FILE.',
    );
  }
  return file;
}

/** As git reads it: neither `scheme://…` nor `host:path`. */
const isLocalPath = (url: string) => /^file:/i.test(url) || !/^[^/:]+:/.test(url);

/**
 * The addresses in it as they are on the way to a worker: those of the server that was asked,
 * not what it calls itself (SPEC 2).
 */
function addressed(rundef: RundefFile['rundef'], { url, server }: RunAddress): Partial<RundefFile['rundef']> {
  const env: StringMap = Object.assign(Object.create(null), rundef.env);
  const trigger = env['H_TRIGGER_URL'];
  if (trigger) env['H_TRIGGER_URL'] = moved(trigger, server);
  const runner = rundef.runner_url;
  return { run_url: url, env, ...(runner ? { runner_url: moved(runner, server) } : {}) };
}

function moved(address: string, server: string): string {
  if (!URL.canParse(address)) return address;
  return new URL(server).origin + new URL(address).pathname;
}
