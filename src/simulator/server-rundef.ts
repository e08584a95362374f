/** A run's definition from its server, as a worker would have got it. */

import type { StringMap } from '../schema/model.js';
import type { RunAddress } from '../server/run-url.js';
import { type FoundRun, findRun } from './find-run.js';
import { type RundefFile, readRundef } from './rundef-file.js';
import { type AccessRequest, openServers } from './server-access.js';

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
    for (const address of addresses) fetched.push(rundefOfRun(await findRun(address, access, signal)));
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
