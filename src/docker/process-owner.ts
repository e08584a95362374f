/** Who made a container: a process that can be told from every other, also after a reboot. */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

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

/** The label's value for the process that runs now. */
export async function currentOwner(): Promise<string> {
  const [start, here] = await Promise.all([startTime(process.pid), surroundings()]);
  return [process.pid, start ?? '', here.boot, here.place].join(':');
}

/**
 * Whether the process of a label still lives. `elsewhere`: made on another machine, in
 * another pid namespace, or by somebody whose life is not a process's: not ours to judge.
 */
export async function ownerState(label: string): Promise<OwnerState> {
  const owner = parseOwner(label);
  if (!owner) return 'elsewhere';
  const here = await surroundings();
  if (owner.place !== here.place) return 'elsewhere';
  if (owner.boot !== here.boot) return 'dead';
  return (await startTime(owner.pid)) === owner.start ? 'alive' : 'dead';
}

function parseOwner(label: string): Owner | undefined {
  const [pid = '', start = '', boot = '', place = '', ...more] = label.split(':');
  if (more.length > 0 || !/^[1-9]\d{0,9}$/.test(pid) || start === '' || place === '') return undefined;
  return { pid: Number(pid), start, boot, place };
}

async function surroundings(): Promise<{ boot: string; place: string }> {
  const [boot, machine, namespace] = await Promise.all([
    textOf('/proc/sys/kernel/random/boot_id'),
    textOf('/etc/machine-id'),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  const place = [hostname(), machine, namespace.replace(/\D/g, '')].join('/');
  return { boot, place: place.replaceAll(':', '-') };
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

/** Undefined when there is no such process. Field 22 of `/proc/<pid>/stat`; where there is no `/proc`, what `ps` says. */
async function startTime(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The name in parentheses may hold anything; fields are counted from its end.
    const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  }
  const ps = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  return ps?.stdout.trim().replaceAll(/[:\s]+/g, '-') || undefined;
}
