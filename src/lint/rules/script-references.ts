import { asObject, asText, childPath } from '../../schema/values.js';
import type { CheckContext, RunView } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import { reference } from '../reference.js';
import type { Finding, Rule } from '../rule.js';
import { unquotedKey } from './yaml11.js';

/** Rules about the script that a run executes. The facts: `validate_data` and `get_run_definition` in the server's project.py. */

export const scriptChoice: Rule = {
  id: 'script-choice',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-build',
  summary: 'A run has exactly one of `script` and `script-repo`.',
  explain: {
    why: 'A run executes either one of `scripts` or a file from one of `script-repos`. With both or with neither the server cannot choose and refuses the definition. A `script` with nothing behind it, beside a `script-repo`, it accepts, and then fails the build.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
        script-repo: { name: shared, path: build.sh }
script-repos:
  shared:
    clone-url: https://git.example.org/ci/shared.git
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script-repo: { name: shared, path: build.sh }
script-repos:
  shared:
    clone-url: https://git.example.org/ci/shared.git
`,
  },
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

export const unknownScript: Rule = {
  id: 'unknown-script',
  severity: 'error',
  server: 'rejects',
  summary: 'A run names a script that is not there.',
  explain: {
    why: '`script` is the name of an entry in `scripts`, not a command or a path. The server refuses a name that is not there.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: biuld
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    const scripts = names(context, 'scripts');
    if (scripts === undefined) return;
    for (const { path, script, repository } of choices(context)) {
      if (!script || repository || scripts.has(script)) continue;
      const finding = reference(`${path}/script`, `There is no script \`${script}\`.`, script, scripts, 'Scripts');
      yield { ...finding, ...unquoted(context, 'scripts', script) };
    }
  },
};

export const unknownScriptRepo: Rule = {
  id: 'unknown-script-repo',
  severity: 'error',
  server: 'rejects',
  summary: 'A run names a script-repo that is not there.',
  explain: {
    why: 'The `name` in `script-repo` is that of an entry in `script-repos`. The server refuses a name that is not there.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script-repo: { name: sharde, path: build.sh }
script-repos:
  shared:
    clone-url: https://git.example.org/ci/shared.git
`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script-repo: { name: shared, path: build.sh }
script-repos:
  shared:
    clone-url: https://git.example.org/ci/shared.git
`,
  },
  *check(context) {
    const repositories = names(context, 'script-repos');
    if (repositories === undefined) return;
    for (const { path, script, repository } of choices(context)) {
      if (!repository || script || repositories.has(repository)) continue;
      const message = `There is no script-repo \`${repository}\`.`;
      const finding = reference(`${path}/script-repo/name`, message, repository, repositories, 'Script-repos');
      yield { ...finding, ...unquoted(context, 'script-repos', repository) };
    }
  },
};

interface Choice extends RunView {
  /** What the run names, if it is a text. */
  script: string | undefined;
  repository: string | undefined;
}

/** The runs whose choice of a script can be judged. */
function* choices(context: CheckContext): Generator<Choice> {
  for (const view of context.runs) {
    const { path, run } = view;
    if (!context.isSound(`${path}/script`) || !context.isSound(`${path}/script-repo`)) continue;
    yield { ...view, script: asText(run['script']), repository: asText(asObject(run['script-repo'])?.['name']) };
  }
}

/** The keys of a mapping at the top; undefined when its author did something wrong there. */
function names(context: CheckContext, key: string): Set<string> | undefined {
  if (context.root === undefined || context.isMisspelt('', key)) return undefined;
  const value = context.root[key];
  if (value === undefined) return new Set();
  const object = asObject(value);
  return object && new Set(Object.keys(object));
}

/** Help for a name whose entry is there, but as something else than a text. */
function unquoted(context: CheckContext, list: 'scripts' | 'script-repos', name: string): Partial<Finding> {
  const key = /^(?:[-+.~\d]|yes$|no$|on$|off$|true$|false$|null$)/i.test(name) && unquotedKey(context, list, name);
  if (typeof key !== 'string') return {};
  return {
    help: `Without quotes the key \`${name}\` is \`${key}\` to YAML 1.1; put it in quotes there.`,
    related: [{ path: childPath(`/${list}`, key), at: 'key', message: `called \`${key}\`` }],
  };
}
