/** Programs of the host that the worker runs: the callback of its settings, and `ip`, to block the cloud's metadata. */

import { readFile } from 'node:fs/promises';
import { type Command, childEnvironment, objectOf, runWithOutput } from '../lib/index.js';
import type { StringMap } from '../schema/index.js';
import type { WorkerLog } from './log.js';

export type CallbackAction = 'RUN_START' | 'RUN_COMPLETE';

/**
 * Runs it, with PROJECT, BUILD, RUN and ACTION in its environment, and waits for its end. Its
 * exit status does not count.
 *
 * @param env the run's own
 * @throws when it cannot be started
 */
export async function runCallback(
  script: string,
  action: CallbackAction,
  env: Readonly<Record<string, string>>,
): Promise<number | null> {
  const run = { PROJECT: env['H_PROJECT'] ?? '', BUILD: env['H_BUILD'] ?? '', RUN: env['H_RUN'] ?? '', ACTION: action };
  return runProgram([script], { ...childEnvironment(), ...run });
}

/** What of a run's `env`, which was not checked, can stand in an environment. */
export function textsIn(value: unknown): StringMap {
  const entries = Object.entries(objectOf(value) ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/**
 * A program, without a shell; it has our output, and no input.
 *
 * @returns its exit status; null when a signal ended it
 * @throws ProcessError when it was not started
 */
export async function runProgram(command: Command, env = childEnvironment(), cwd?: string): Promise<number | null> {
  return (await runWithOutput(command, 2, { env, cwd })).status ?? null;
}

/** RTF_REJECT of the kernel's route.h. */
const REJECT = 0x200;

interface Service {
  address: string;
  /** The kernel's table of routes, and where in a line of it stand the destination and the flags. */
  table: string;
  destination: { at: number; is: string };
  flags: number;
  family: readonly string[];
}

const SERVICES: readonly Service[] = [
  {
    address: '169.254.169.254',
    table: '/proc/net/route',
    destination: { at: 1, is: 'fea9fea9' },
    flags: 3,
    family: [],
  },
  {
    address: 'fd00:ec2::254',
    table: '/proc/net/ipv6_route',
    destination: { at: 0, is: 'fd000ec2000000000000000000000254' },
    flags: 8,
    family: ['-6'],
  },
];

/**
 * Keeps containers from the metadata service of the cloud that the host is in, which hands out the host's own
 * credentials. A route without a target does it, for the host too. Idempotent.
 *
 * @throws when a route cannot be set: then no run may begin
 */
export async function blockMetadataService(
  log: Pick<WorkerLog, 'warning'>,
  readTable: (path: string) => Promise<string> = (path) => readFile(path, 'utf8'),
  run: (command: readonly [string, ...string[]]) => Promise<number | null> = runProgram,
): Promise<void> {
  for (const service of SERVICES) {
    const table = await readTable(service.table).catch((error: NodeJS.ErrnoException) => {
      // A host without IPv6 has no way there.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (table === undefined || isBlocked(service, table)) continue;
    log.warning(`The route to the metadata service ${service.address} is blocked from now on`);
    const status = await run(['ip', ...service.family, 'route', 'add', 'unreachable', service.address]);
    if (status !== 0) throw new Error(`the route to ${service.address} cannot be blocked: ip ended with ${status}`);
  }
}

function isBlocked({ destination, flags }: Service, table: string): boolean {
  return table.split('\n').some((line) => {
    const fields = line.trim().split(/\s+/);
    return (
      fields[destination.at]?.toLowerCase() === destination.is &&
      (Number.parseInt(fields[flags] ?? '', 16) & REJECT) !== 0
    );
  });
}
