import type { RuleCheck } from '../rule.js';

/* simple.py `docker_run` adds `--privileged`: all capabilities, all devices, no seccomp and no AppArmor. */
export const privileged: RuleCheck = {
  id: 'privileged',
  severity: 'info',
  server: 'accepts',
  together: (count) =>
    `${count} privileged runs are root on their workers; the machines, and all other runs there, are not safe from them.`,
  *check(context) {
    for (const { path, run } of context.runs) {
      if (!run.privileged) continue;
      yield {
        path: `${path}/privileged`,
        message: 'A privileged run is root on its worker; the machine, and all other runs on it, are not safe from it.',
        help: 'Use `cap-add` for the capabilities that it needs, if they are enough, and workers that are meant for such runs.',
      };
    }
  },
};
