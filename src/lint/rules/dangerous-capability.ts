import type { RuleCheck } from '../rule.js';
import { ALL, capabilities } from './unknown-capability.js';

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

/* A privileged run has all of them anyway. */
export const dangerousCapability: RuleCheck = {
  id: 'dangerous-capability',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, plain, key, privileged, name } of capabilities(context)) {
      const power = Object.hasOwn(DANGEROUS, plain) ? DANGEROUS[plain] : undefined;
      if (power === undefined || key !== 'cap-add' || privileged || (plain === ALL && name.length > ALL.length))
        continue;
      const help = 'Use one that does less, if one is enough, and workers that are meant for it.';
      yield { path, message: `A run with \`${name}\` ${power}; its worker is not safe from it.`, help };
    }
  },
};
