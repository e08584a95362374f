/**
 * Keeps containers from the metadata service of the cloud that the host is in, which hands out
 * the host's own credentials. A route without a target does it, for the host too.
 */
import { readFile } from 'node:fs/promises';
import { runProgram } from './callbacks.js';
import type { WorkerLog } from './log.js';

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
 * Idempotent.
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
