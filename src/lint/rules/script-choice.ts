import type { RuleCheck } from '../rule.js';
import { choices } from '../script-choices.js';

/* The facts: `validate_data` and `get_run_definition` in the server's project.py. */
export const scriptChoice: RuleCheck = {
  id: 'script-choice',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-build',
  *check(context) {
    for (const { path, run, script, repository } of choices(context)) {
      if (script && repository) {
        const message = 'A run has either `script` or `script-repo`, not both.';
        const related = [{ path: `${path}/script`, at: 'key' as const, message: 'the script' }];
        yield { path: `${path}/script-repo`, at: 'key', message, related };
      } else if (repository && 'script' in run) {
        // project.py `get_run_definition` goes by the key; `validate_data` goes by the value.
        const message = 'This names no script; the server looks for it all the same, and fails the build.';
        yield { path: `${path}/script`, message, help: 'Remove `script`.', server: 'fails' };
      } else if (!script && !repository) {
        if ('script' in run) yield { path: `${path}/script`, message: 'This names no script.' };
        else if ('script-repo' in run)
          yield { path: `${path}/script-repo/name`, message: 'This names no script-repo.' };
        else if (context.lacks(path, run, 'script') && context.lacks(path, run, 'script-repo')) {
          yield { path, at: 'whole', message: 'This run has nothing to execute: it needs `script` or `script-repo`.' };
        }
      }
    }
  },
};
