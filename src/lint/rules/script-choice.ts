import { asObject, childPath, valueAt } from '../../schema/index.js';
import type { CheckContext, LintedRun } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { reference } from '../suggest.js';
import { unquotedKey } from './yaml11-type.js';

/* The facts: `validate_data` and `get_run_definition` in the server's project.py. */
export const scriptChoice: RuleCheck = {
  id: 'script-choice',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-build',
  *check(context) {
    for (const view of choices(context)) {
      const { path, run, script, repository } = view;
      if (script && repository) {
        const message = 'A run has either `script` or `script-repo`, not both.';
        const related = [{ path: `${path}/script`, at: 'key' as const, message: 'the script' }];
        yield { path: `${path}/script-repo`, at: 'key', message, related };
      } else if (repository && 'script' in run) {
        // project.py `get_run_definition` goes by the key; `validate_data` goes by the value.
        const message = 'This names no script; the server looks for it all the same, and fails the build.';
        yield { path: `${path}/script`, message, help: 'Remove `script`.', server: 'fails' };
      } else if (script || repository) {
      } else if ('script' in run) yield { path: `${path}/script`, message: 'This names no script.' };
      else if ('script-repo' in run) yield { path: `${path}/script-repo/name`, message: 'This names no script-repo.' };
      else if (context.lacks(view, 'script') && context.lacks(view, 'script-repo')) {
        yield { path, at: 'whole', message: 'This run has nothing to execute: it needs `script` or `script-repo`.' };
      }
    }
  },
};

interface Choice extends LintedRun {
  script: string | undefined;
  repository: string | undefined;
}

/** The runs whose choice of a script can be judged. */
function choices(context: CheckContext): Choice[] {
  return context.runs
    .filter(({ path }) => context.isSound(`${path}/script`) && context.isSound(`${path}/script-repo`))
    .map((view) => ({
      ...view,
      script: view.run.script ?? undefined,
      repository: view.run['script-repo']?.name ?? undefined,
    }));
}

/** Runs that name a script, or a script-repo, that does not exist. */
export function* unknownChoices(context: CheckContext, list: 'scripts' | 'script-repos'): Generator<Finding> {
  const { value } = context.document;
  // As written: an entry of the wrong type exists, too.
  const entries = valueAt(value, `/${list}`);
  if (asObject(value) === undefined || context.isMisspelt('', list)) return;
  if (entries !== undefined && asObject(entries) === undefined) return;
  const names = new Set(Object.keys(asObject(entries) ?? {}));
  const [what, title] = list === 'scripts' ? ['script', 'Scripts'] : ['script-repo', 'Script-repos'];
  for (const { path, script, repository } of choices(context)) {
    const [name, other, place] =
      list === 'scripts' ? [script, repository, `${path}/script`] : [repository, script, `${path}/script-repo/name`];
    if (!name || other || names.has(name)) continue;
    const finding = reference(place, `There is no ${what} \`${name}\`.`, name, names, title);
    yield { ...finding, ...unquoted(context, list, name) };
  }
}

/** Help for a name whose entry exists, but is not a text in YAML. */
function unquoted(context: CheckContext, list: 'scripts' | 'script-repos', name: string): Partial<Finding> {
  const key = /^(?:[-+.~\d]|yes$|no$|on$|off$|true$|false$|null$)/i.test(name) && unquotedKey(context, list, name);
  if (typeof key !== 'string') return {};
  return {
    help: `Without quotes the key \`${name}\` is \`${key}\` in YAML 1.1; put it in quotes there.`,
    related: [{ path: childPath(`/${list}`, key), at: 'key', message: `called \`${key}\`` }],
  };
}
