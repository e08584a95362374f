/** Who made a container: a process, identified across reboots. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { runProcess } from '../lib/index.js';

/** The label's value is these fields, joined by colons. */
interface Owner {
  pid: number;
  /** The kernel's start time of the process: a pid alone comes back. */
  start: string;
  boot: string;
  /** Machine and pid namespace: elsewhere the pid means another process. */
  place: string;
}

export type OwnerState = 'alive' | 'dead' | 'elsewhere';

let current: Promise<string> | undefined;

/** The label's value for the process that runs now. */
export function currentOwner(): Promise<string> {
  current ??= startTime(process.pid).then((start = '') => {
    const { boot, place } = surroundings();
    return [process.pid, start, boot, place].join(':');
  });
  return current;
}

/**
 * Whether the process of a label still lives. `elsewhere`: made on another machine, in
 * another pid namespace, or by somebody whose life is not a process's: not ours to judge.
 */
export async function ownerState(label: string): Promise<OwnerState> {
  const owner = parseOwner(label);
  if (!owner) return 'elsewhere';
  const here = surroundings();
  if (owner.place !== here.place) return 'elsewhere';
  if (owner.boot !== here.boot) return 'dead';
  return (await startTime(owner.pid)) === owner.start ? 'alive' : 'dead';
}

function parseOwner(label: string): Owner | undefined {
  const [pid = '', start = '', boot = '', place = '', ...more] = label.split(':');
  if (more.length > 0 || !/^[1-9]\d{0,9}$/.test(pid) || start === '' || place === '') return undefined;
  return { pid: Number(pid), start, boot, place };
}

function surroundings(): { boot: string; place: string } {
  const text = (path: string) => orNothing(() => readFileSync(path, 'utf8').trim());
  const namespace = orNothing(() => readlinkSync('/proc/self/ns/pid'));
  const place = [hostname(), text('/etc/machine-id'), namespace.replace(/\D/g, '')].join('/');
  return { boot: currentBoot(), place: place.replaceAll(':', '-') };
}

/** The id of the host's current boot, which its containers see too; empty where there is none, as on macOS. */
export const currentBoot = (): string =>
  orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

/** Where there is no such file, as on macOS, the rest has to do. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Undefined when there is no such process. Field 22 of `/proc/<pid>/stat`; where there is no `/proc`, what `ps` says. */
async function startTime(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = orNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // The name in parentheses may hold anything; fields are counted from its end.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  }
  const ps = await runProcess(['ps', '-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  return (
    ps?.stdout
      .toString()
      .trim()
      .replaceAll(/[:\s]+/g, '-') || undefined
  );
}
