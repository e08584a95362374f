import type { RuleCheck } from '../rule.js';

/*
 * simple.py `docker_run` adds `--privileged`: all capabilities, all devices, no seccomp and no AppArmor.
 */
export const privileged: RuleCheck = {
  id: 'privileged',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, run } of context.runs) {
      if (run['privileged'] !== true || !context.isSound(`${path}/privileged`)) continue;
      yield {
        path: `${path}/privileged`,
        message: 'A privileged run is root on its worker; the machine, and all other runs on it, are not safe from it.',
        help: 'Give it the capabilities that it needs with `cap-add`, if they will do, and workers that are meant for it.',
      };
    }
  },
};
