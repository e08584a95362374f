import { asObject, asText, childPath } from '../schema/values.js';
import type { CheckContext, LintedRun } from './context.js';
import type { Finding } from './rule.js';
import { unquotedKey } from './rules/yaml11-type.js';

interface Choice extends LintedRun {
  /** What the run names, if it is a text. */
  script: string | undefined;
  repository: string | undefined;
}

/** The runs whose choice of a script can be judged. */
export function* choices(context: CheckContext): Generator<Choice> {
  for (const view of context.runs) {
    const { path, run } = view;
    if (!context.isSound(`${path}/script`) || !context.isSound(`${path}/script-repo`)) continue;
    yield { ...view, script: asText(run['script']), repository: asText(asObject(run['script-repo'])?.['name']) };
  }
}

/** The keys of a mapping at the top; undefined when its author did something wrong there. */
export function names(context: CheckContext, key: string): Set<string> | undefined {
  if (context.root === undefined || context.isMisspelt('', key)) return undefined;
  const value = context.root[key];
  if (value === undefined) return new Set();
  const object = asObject(value);
  return object && new Set(Object.keys(object));
}

/** Help for a name whose entry is there, but as something else than a text. */
export function unquoted(context: CheckContext, list: 'scripts' | 'script-repos', name: string): Partial<Finding> {
  const key = /^(?:[-+.~\d]|yes$|no$|on$|off$|true$|false$|null$)/i.test(name) && unquotedKey(context, list, name);
  if (typeof key !== 'string') return {};
  return {
    help: `Without quotes the key \`${name}\` is \`${key}\` to YAML 1.1; put it in quotes there.`,
    related: [{ path: childPath(`/${list}`, key), at: 'key', message: `called \`${key}\`` }],
  };
}
