/** Reads what `fixtures/probe/probe.sh` printed. */
import { gunzipSync } from 'node:zlib';

/** What the probe printed: facts by name, and files by path. */
export interface RawProbe {
  facts: Map<string, Buffer>;
  files: Map<string, { stat: string; content: Buffer }>;
}

/** The probe's part of a console; undefined when the script did not reach its end. */
export function parseProbe(console: Buffer): RawProbe | undefined {
  const lines = console.toString('latin1').split('\n');
  const end = lines.lastIndexOf('@probe-end');
  if (end < 0) return undefined;
  const encoded = lines.slice(lines.lastIndexOf('@probe-begin') + 1, end).join('');
  const probe: RawProbe = { facts: new Map(), files: new Map() };
  let paths: string[] = [];
  for (const [name, bytes] of sections(gunzipSync(Buffer.from(encoded, 'base64')))) {
    if (name === 'paths') paths = parts(bytes);
    else if (name === 'stats') {
      const stats = bytes.toString().trim().split('\n');
      if (stats.length !== paths.length) throw new Error(`${paths.length} paths, and ${stats.length} answers of stat`);
      for (const [index, path] of paths.entries())
        probe.files.set(path, { stat: stats[index] as string, content: Buffer.alloc(0) });
    } else if (name === 'links') {
      const links = parts(bytes);
      for (let at = 0; at < links.length; at += 2)
        setContent(probe, links[at] as string, Buffer.from(links[at + 1] ?? ''));
    } else if (name === 'contents')
      for (const [path, content] of headed(bytes, paths)) setContent(probe, path, content);
    else if (name === 'system') systemFacts(bytes, probe.facts);
    else probe.facts.set(name, bytes);
  }
  commandFacts(probe.facts);
  return probe;
}

const SECTION = '\n@probe-section ';

function* sections(bytes: Buffer): Generator<[name: string, bytes: Buffer]> {
  for (let at = bytes.indexOf(SECTION); at >= 0; ) {
    const line = bytes.indexOf('\n', at + 1);
    const next = bytes.indexOf(SECTION, line);
    const name = bytes.toString('utf8', at + SECTION.length, line);
    yield [name, bytes.subarray(line + 1, next < 0 ? undefined : next)];
    at = next;
  }
}

/** What busybox's `head -v` printed of those of the files that it could open. */
function headed(bytes: Buffer, paths: Iterable<string>): [path: string, content: Buffer][] {
  const text = Buffer.concat([Buffer.from('\n'), bytes]);
  const found: { path: string; start: number; end: number }[] = [];
  let from = 0;
  for (const path of paths) {
    const header = `\n==> ${path} <==\n`;
    const start = text.indexOf(header, from);
    if (start < 0) continue;
    from = start + Buffer.byteLength(header);
    found.push({ path, start, end: from });
  }
  return found.map(({ path, end }, index) => [path, text.subarray(end, found[index + 1]?.start)]);
}

function setContent(probe: RawProbe, path: string, content: Buffer): void {
  const file = probe.files.get(path);
  if (file === undefined) throw new Error(`A content, and no stat, of ${path}`);
  file.content = content;
}

const parts = (bytes: Buffer) => bytes.toString().split('\0').slice(0, -1);

/** The files of the system that a fact is read from, in the order that `probe.sh` reads them. */
const SYSTEM: [fact: string, path: string][] = [
  ...['cmdline', 'environ', 'status', 'limits', 'mountinfo', 'oom_score_adj', 'stat'].map((name): [string, string] => [
    name,
    `1/${name}`,
  ]),
  ['apparmor', '1/attr/current'],
  ['hostname', 'sys/kernel/hostname'],
  ['sysctls', 'sys/net/ipv4/ip_forward'],
  ['sysctls', 'sys/net/ipv4/ip_unprivileged_port_start'],
  ['hosts', '/etc/hosts'],
  ['resolv', '/etc/resolv.conf'],
  ['memory', '/sys/fs/cgroup/memory/memory.limit_in_bytes'],
  ['memory', '/sys/fs/cgroup/memory.max'],
  ['swap', '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'],
  ['swap', '/sys/fs/cgroup/memory.swap.max'],
  ['quotas', '/sys/fs/cgroup/pids/pids.max'],
  ['quotas', '/sys/fs/cgroup/pids.max'],
  ['quotas', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us'],
  ['quotas', '/sys/fs/cgroup/cpu.max'],
];

function systemFacts(bytes: Buffer, facts: RawProbe['facts']): void {
  const names = new Map(SYSTEM.map(([name, path]) => [path, name]));
  for (const [path, content] of headed(bytes, names.keys())) {
    const name = names.get(path) as string;
    facts.set(name, Buffer.concat([facts.get(name) ?? Buffer.alloc(0), content]));
  }
}

/** What is read out of the answers of `ls`, `stat` and `df`. */
function commandFacts(facts: RawProbe['facts']): void {
  const lines = (name: string) => (facts.get(name)?.toString() ?? '').trim().split('\n');
  const links = new Map(
    lines('descriptors').map((line) => (/ (\S+) -> (.*)$/.exec(line) ?? []).slice(1) as [string, string]),
  );
  facts.set('exe', Buffer.from(links.get('/proc/1/exe') ?? ''));
  facts.set('cwd', Buffer.from(links.get('/proc/1/cwd') ?? ''));
  const open = [...links].filter(([name]) => /^\d+$/.test(name)).sort(([a], [b]) => Number(a) - Number(b));
  facts.set('descriptors', Buffer.from(open.map((link) => `${link.join(' ')}\n`).join('')));
  facts.set('dev', Buffer.from(lines('dev').sort().join('\n')));
  facts.set('shm', Buffer.from(lines('shm').at(-1)?.split(/ +/)[1] ?? ''));
}
