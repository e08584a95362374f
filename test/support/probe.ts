/**
 * What `fixtures/probe/probe.sh` saw, without anything that differs
 * from machine to machine: whatever is the engine's default is compared with a baseline,
 * the probe's output under a plain `docker run`, and becomes the word `default`.
 * The goldens (`fixtures/probe/expected.json`) and the test both went through here.
 */
import { mounts, shortId, versusDefault } from './probe-mounts.js';
import type { RawProbe } from './probe-output.js';

export interface NormaliseOptions {
  /** The same probe under `docker run --rm -v probe.sh:/probe:ro IMAGE /probe`. */
  baseline: RawProbe;
  /** Owner of what the tool puts into the container, `uid` of the process that ran it. */
  ownerUid: number;
  ownerGid: number;
  /** Text that differs between machines, and the placeholder for it; longest first. */
  replace: [text: string, placeholder: string][];
  /** Variables that come in no particular order: the docker CLI adds `proxies` in a map's order. */
  unordered: ReadonlySet<string>;
}

interface FileFacts {
  mode: string;
  owner: string;
  type: string;
  text?: string;
  base64?: string;
  target?: string;
}

/** Observable facts, one key a subject; JSON as it stands in `expected.json`. */
export interface ProbeFacts {
  process: Record<string, unknown>;
  identity: Record<string, string>;
  capabilities: Record<string, unknown>;
  env: string[];
  mounts: string[];
  engineMounts: unknown;
  stdio: Record<string, string>;
  network: Record<string, unknown>;
  devices: Record<string, unknown>;
  memory: string;
  files: Record<string, FileFacts>;
}

export function normaliseProbe(raw: RawProbe, options: NormaliseOptions): ProbeFacts {
  const text = (name: string) => clean(fact(raw, name), options);
  const relative = (name: string, normalise = (value: string) => value) =>
    versusDefault(normalise(fact(raw, name)), normalise(fact(options.baseline, name)));
  const status = statusOf(raw);
  const baseStatus = statusOf(options.baseline);
  const keys = (names: string[]) =>
    versusDefault(names.map((key) => status[key]).join(' '), names.map((key) => baseStatus[key]).join(' '));
  return {
    process: {
      pid: text('pid'),
      argv: list(text('cmdline')),
      arg0: text('arg0'),
      arguments: list(text('arguments')),
      exe: text('exe'),
      cwd: text('cwd'),
      umask: text('umask'),
      noNewPrivs: status['NoNewPrivs'],
      seccomp: keys(['Seccomp', 'Seccomp_filters']),
      signals: keys(['SigBlk', 'SigIgn']),
      appArmor: relative('apparmor'),
      limits: relative('limits'),
      oomScoreAdj: relative('oom_score_adj'),
      nice: relative('stat', (stat) => stat.replace(/^.*\) /, '').split(' ')[16] ?? ''),
      quotas: relative('quotas'),
      sysctls: relative('sysctls'),
    },
    identity: {
      uid: status['Uid'] ?? '',
      gid: status['Gid'] ?? '',
      groups: status['Groups'] ?? '',
      id: text('id'),
    },
    capabilities: Object.fromEntries(
      ['CapEff', 'CapPrm', 'CapBnd', 'CapInh', 'CapAmb'].map((set) => [
        set,
        capabilities(status[set] ?? '0', baseStatus[set] ?? '0'),
      ]),
    ),
    env: environment(raw, options),
    ...mounts(fact(raw, 'mountinfo'), fact(options.baseline, 'mountinfo'), options.replace),
    stdio: stdio(raw),
    network: {
      hostname:
        clean(fact(raw, 'hostname'), options) === shortId(fact(raw, 'mountinfo')) ? 'short id' : text('hostname'),
      hosts: versusDefault(hosts(raw), hosts(options.baseline)),
      resolv: relative('resolv'),
      interfaces: relative('interfaces'),
    },
    devices: { dev: relative('dev'), shm: relative('shm') === 'default' ? 'default' : 'other' },
    memory: relative('memory') as string,
    files: files(raw, options),
  };
}

function fact(raw: RawProbe, name: string): string {
  return raw.facts.get(name)?.toString() ?? '(unreadable)';
}

function clean(value: string, options: NormaliseOptions): string {
  let cleaned = value.replace(/\n$/, '');
  for (const [text, placeholder] of options.replace) cleaned = cleaned.replaceAll(text, placeholder);
  return cleaned;
}

function list(text: string): string[] {
  return text.split('\0').slice(0, -1);
}

function statusOf(raw: RawProbe): Record<string, string> {
  const lines = fact(raw, 'status').split('\n');
  return Object.fromEntries(
    lines.map((line) => [
      line.split(':')[0],
      line
        .slice(line.indexOf(':') + 1)
        .trim()
        .replaceAll('\t', ' '),
    ]),
  );
}

/** Bit numbers are the kernel's (linux/capability.h). */
const CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

function capabilities(mask: string, baseline: string): unknown {
  const names = (hex: string) => CAPABILITIES.filter((_, bit) => (BigInt(`0x${hex}`) >> BigInt(bit)) & 1n);
  if (mask === baseline) return 'default';
  const [mine, theirs] = [names(mask), names(baseline)];
  if (mine.length === 0) return 'none';
  return {
    added: mine.filter((name) => !theirs.includes(name)),
    dropped: theirs.filter((name) => !mine.includes(name)),
  };
}

function environment(raw: RawProbe, options: NormaliseOptions): string[] {
  const path = list(fact(options.baseline, 'environ')).find((entry) => entry.startsWith('PATH='));
  const entries = list(clean(fact(raw, 'environ'), options)).map((entry) => {
    if (entry === path) return 'PATH={default}';
    if (entry === `HOSTNAME=${shortId(fact(raw, 'mountinfo'))}`) return 'HOSTNAME={short id}';
    return entry.length > 1000 ? `${entry.slice(0, 40)}… (${entry.length} characters)` : entry;
  });
  const loose = (entry: string) => options.unordered.has(entry.split('=')[0] ?? '');
  // A shell that ran before the script gives the variables on in an order of its own.
  if (entries.some((entry) => entry.startsWith('SHLVL='))) return entries.sort();
  return [...entries.filter((entry) => !loose(entry)), ...entries.filter(loose).sort()];
}

function hosts(raw: RawProbe): string {
  const id = shortId(fact(raw, 'mountinfo')) ?? '{no id}';
  return fact(raw, 'hosts')
    .split('\n')
    .map((line) => (line.includes(id) ? line.replaceAll(id, '{short id}').replace(/^\S+/, '{address}') : line))
    .join('\n');
}

function stdio(raw: RawProbe): Record<string, string> {
  const lines = fact(raw, 'descriptors').trim().split('\n');
  const entries = lines.map((line): [string, string] => {
    const space = line.indexOf(' ');
    return [line.slice(0, space), line.slice(space + 1).replace(/^(pipe|socket):.*$/, '$1')];
  });
  const [, out, err] = lines.map((line) => line.split(' ')[1]);
  return { ...Object.fromEntries(entries), tty: fact(raw, 'tty').trim(), separate: String(out !== err) };
}

function files(raw: RawProbe, options: NormaliseOptions): Record<string, FileFacts> {
  const facts: [string, FileFacts][] = [...raw.files].map(([path, { stat, content }]) => {
    const [mode = '', uid, gid, ...type] = stat.split(' ');
    const mine = Number(uid) === options.ownerUid && Number(gid) === options.ownerGid;
    const file: FileFacts = { mode, owner: mine ? 'worker' : `${uid}:${gid}`, type: type.join(' ') };
    if (file.type === 'symbolic link') file.target = clean(content.toString(), options);
    if (file.type.startsWith('regular')) Object.assign(file, contentFacts(content, options));
    return [clean(path, options), file];
  });
  // What certificates a host has is its own affair.
  return Object.fromEntries(
    facts.filter(([path]) => !path.startsWith('/usr/local/share/ca-certificates')).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Text as it is, long text by its length; what is no UTF-8 as base64. */
function contentFacts(content: Buffer, options: NormaliseOptions): Partial<FileFacts> {
  const text = content.toString();
  if (!Buffer.from(text).equals(content)) return { base64: content.toString('base64') };
  const cleaned = options.replace.reduce((value, [from, to]) => value.replaceAll(from, to), text);
  return { text: cleaned.length > 2000 ? `(${cleaned.length} characters)` : cleaned };
}
