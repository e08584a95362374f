import { asList, asText } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Rule } from '../rule.js';
import { nearest } from '../suggest.js';

/** Rules about what the kernel lets a container do. */

/** capabilities(7), without `CAP_`; the order is the kernel's. */
const CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

const ALL = 'ALL';

/** What each of them opens, where that is more than the container. */
const DANGEROUS: Readonly<Record<string, string>> = {
  ALL: 'does all that root may do',
  SYS_ADMIN: 'mounts file systems and reaches nearly all of the kernel',
  SYS_MODULE: 'loads code into the kernel',
  SYS_RAWIO: 'reads and writes the memory of devices',
  SYS_BOOT: 'restarts the machine',
  SYS_TIME: 'sets the clock of the machine',
  DAC_READ_SEARCH: 'opens any file of the machine',
  BPF: 'loads programs into the kernel',
  MAC_ADMIN: 'changes the rules that shield the machine',
  MAC_OVERRIDE: 'goes past the rules that shield the machine',
};

/*
 * simple.py `docker_run` passes them on as they are. Docker takes any case, and puts `CAP_` in front where it is not;
 * what it does not know then, `CAP_ALL` and blanks included, it refuses: "invalid CapAdd: unknown capability". That is
 * measured with Docker 29. The last three of the list need a kernel of 2020 or later.
 */
export const unknownCapability: Rule = {
  id: 'unknown-capability',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A capability that the kernel does not have.',
  explain: {
    why: '`cap-add` and `cap-drop` take names of Linux capabilities, with or without `CAP_`, or `ALL`. The server passes on what is there; Docker refuses a name that it does not know, and the run fails.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        cap-add: [SYS-NICE]
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        cap-add: [SYS_NICE]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, name, plain } of capabilities(context)) {
      if (plain === ALL ? !/^cap_/i.test(name) : CAPABILITIES.includes(plain)) continue;
      const meant = plain === ALL ? ALL : nearest(plain, CAPABILITIES);
      const message = `There is no capability \`${name}\`; Docker refuses it.`;
      yield { path, message, ...(meant !== undefined && { help: `Did you mean \`${meant}\`?` }) };
    }
  },
};

/*
 * What `privileged` gives includes all of them, so that in such a run they add nothing to be told.
 */
export const dangerousCapability: Rule = {
  id: 'dangerous-capability',
  severity: 'warning',
  server: 'accepts',
  summary: 'A capability with which a run can take over its worker.',
  explain: {
    why: 'A container shares the kernel with its worker and with the other runs there. Some capabilities reach through: with `SYS_ADMIN` or `SYS_MODULE` a script, or whoever can change it in a pull request, gets at the machine and at the secrets of the others. Ask whether a smaller one will do, and give such runs a host-tag of their own.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        cap-add: [SYS_ADMIN]
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        cap-add: [SYS_NICE]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, plain, key, privileged, name } of capabilities(context)) {
      const power = Object.hasOwn(DANGEROUS, plain) ? DANGEROUS[plain] : undefined;
      if (power === undefined || key !== 'cap-add' || privileged || (plain === ALL && name.length > ALL.length))
        continue;
      const help = 'Take one that does less, if one will do, and workers that are meant for it.';
      yield { path, message: `A run with \`${name}\` ${power}; its worker is not safe from it.`, help };
    }
  },
};

interface Capability {
  path: string;
  key: 'cap-add' | 'cap-drop';
  /** As written. */
  name: string;
  /** In capitals and without `CAP_`. */
  plain: string;
  privileged: boolean;
}

function* capabilities(context: CheckContext): Generator<Capability> {
  for (const { path, run } of context.runs) {
    for (const key of ['cap-add', 'cap-drop'] as const) {
      if (!context.isSound(`${path}/${key}`)) continue;
      for (const [i, value] of (asList(run[key]) ?? []).entries()) {
        const name = asText(value);
        if (name === undefined) continue;
        const plain = name.toUpperCase().replace(/^CAP_/, '');
        yield { path: `${path}/${key}/${i}`, key, name, plain, privileged: run['privileged'] === true };
      }
    }
  }
}
