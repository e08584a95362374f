import { TRIGGER_TYPES } from '../model.js';
import { helpWithChoices } from '../suggest.js';
import { asList, asObject, asText } from '../values.js';
import type { CheckContext, RunView } from './context.js';
import type { Finding, Rule } from './rule.js';

/** Rules about what a trigger or a run refers to. */

export const unknownTriggerType: Rule = {
  id: 'unknown-trigger-type',
  severity: 'error',
  server: 'rejects',
  summary: 'A trigger has a type that the server does not know.',
  *check({ triggers }) {
    for (const { path, trigger } of triggers) {
      const type = asText(trigger['type']);
      if (type === undefined || (TRIGGER_TYPES as readonly string[]).includes(type)) continue;
      yield reference(`${path}/type`, `There is no trigger type \`${type}\`.`, type, TRIGGER_TYPES, 'Types');
    }
  },
};

export const scriptChoice: Rule = {
  id: 'script-choice',
  severity: 'error',
  server: 'rejects',
  summary: 'A run has exactly one of `script` and `script-repo`.',
  *check(context) {
    for (const { path, run, script, repository } of choices(context)) {
      if (script && repository) {
        const message = 'A run has either `script` or `script-repo`, not both.';
        const related = [{ path: `${path}/script`, at: 'key' as const, message: 'the script' }];
        yield { path: `${path}/script-repo`, at: 'key', message, related };
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
  *check(context) {
    const scripts = names(context, 'scripts');
    if (scripts === undefined) return;
    for (const { path, script, repository } of choices(context)) {
      if (!script || repository || scripts.has(script)) continue;
      yield reference(`${path}/script`, `There is no script \`${script}\`.`, script, scripts, 'Scripts');
    }
  },
};

export const unknownScriptRepo: Rule = {
  id: 'unknown-script-repo',
  severity: 'error',
  server: 'rejects',
  summary: 'A run names a script-repo that is not there.',
  *check(context) {
    const repositories = names(context, 'script-repos');
    if (repositories === undefined) return;
    for (const { path, script, repository } of choices(context)) {
      if (!repository || script || repositories.has(repository)) continue;
      const message = `There is no script-repo \`${repository}\`.`;
      yield reference(`${path}/script-repo/name`, message, repository, repositories, 'Script-repos');
    }
  },
};

export const missingHostTag: Rule = {
  id: 'missing-host-tag',
  severity: 'error',
  server: 'rejects',
  summary: 'A run has neither a host-tag nor a loop over `host-tag`.',
  *check(context) {
    for (const { path, run } of runs(context)) {
      if (!context.lacks(path, run, 'host-tag') || context.isMisspelt(path, 'loop-on')) continue;
      if (!context.isSound(`${path}/loop-on`)) continue;
      if (asList(run['loop-on'])?.some((loop) => asObject(loop)?.['param'] === 'host-tag')) continue;
      const message = 'This run does not say which workers may take it: `host-tag` is missing.';
      yield { path, at: 'whole', message, help: 'Add `host-tag`, or a `loop-on` with the param `host-tag`.' };
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
  for (const view of runs(context)) {
    const { path, run } = view;
    if (!context.isSound(`${path}/script`) || !context.isSound(`${path}/script-repo`)) continue;
    yield { ...view, script: asText(run['script']), repository: asText(asObject(run['script-repo'])?.['name']) };
  }
}

function* runs({ triggers }: CheckContext): Generator<RunView> {
  for (const trigger of triggers) yield* trigger.runs;
}

/** The keys of a mapping at the top; undefined when its author did something wrong there. */
function names(context: CheckContext, key: string): Set<string> | undefined {
  if (context.root === undefined || context.isMisspelt('', key)) return undefined;
  const value = context.root[key];
  if (value === undefined) return new Set();
  const object = asObject(value);
  return object && new Set(Object.keys(object));
}

function reference(path: string, message: string, name: string, known: Iterable<string>, what: string): Finding {
  const help = helpWithChoices(name, known, what);
  return { path, message, ...(help !== undefined && { help }) };
}
