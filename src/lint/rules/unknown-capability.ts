import type { CheckContext } from '../context.js';
import type { RuleCheck } from '../rule.js';
import { didYouMean, nearest } from '../suggest.js';

/** capabilities(7), without `CAP_`; the order is the kernel's. */
const CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

/*
 * simple.py `docker_run` passes them on as they are. Docker takes any case, and puts `CAP_` in front where it is not;
 * what it does not know then, `CAP_ALL` and blanks included, it refuses: "invalid CapAdd: unknown capability". That is
 * measured with Docker 29. The last three of the list need a kernel of 2020 or later.
 */
export const unknownCapability: RuleCheck = {
  id: 'unknown-capability',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, name, plain } of capabilities(context)) {
      if (plain === ALL ? !/^cap_/i.test(name) : CAPABILITIES.includes(plain)) continue;
      const meant = plain === ALL ? ALL : nearest(plain, CAPABILITIES);
      const message = `There is no capability \`${name}\`; Docker refuses it.`;
      yield { path, message, ...(meant && { help: didYouMean(meant), meant: { name, instead: meant } }) };
    }
  },
};

export const ALL = 'ALL';

interface Capability {
  path: string;
  key: 'cap-add' | 'cap-drop';
  /** As written. */
  name: string;
  /** In capitals and without `CAP_`. */
  plain: string;
  privileged: boolean;
}

export function* capabilities({ runs }: CheckContext): Generator<Capability> {
  for (const { path, run } of runs) {
    for (const key of ['cap-add', 'cap-drop'] as const) {
      for (const [i, name] of (run[key] ?? []).entries()) {
        if (name === null) continue;
        const plain = name.toUpperCase().replace(/^CAP_/, '');
        yield { path: `${path}/${key}/${i}`, key, name, plain, privileged: run.privileged === true };
      }
    }
  }
}
