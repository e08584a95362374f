import type { YamlValue } from '../../python/yaml/load.js';
import { asList, asObject, asText, childPath } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import type { Finding, RuleCheck } from '../rule.js';
import { nearest } from '../suggest.js';

export const unusedScript: RuleCheck = {
  id: 'unused-script',
  severity: 'warning',
  server: 'accepts',
  check: (context) => unused(context, 'scripts', 'script', (value) => value),
};

export function* unused(
  context: CheckContext,
  list: 'scripts' | 'script-repos',
  key: 'script' | 'script-repo',
  nameOf: (value: YamlValue | undefined) => YamlValue | undefined,
): Generator<Finding> {
  const entries = asObject(context.root?.[list]);
  if (entries === undefined || !runsAreKnown(context)) return;
  const names = Object.keys(entries);
  const used = new Set<string>();
  let undecided = 0;
  for (const { path, run } of context.runs) {
    const name = asText(nameOf(run[key]));
    const meant = name === undefined || name in entries ? name : nearest(name, names);
    if (meant !== undefined) used.add(meant);
    else if (name !== undefined) undecided++;
    else if (key in run || context.isMisspelt(path, key)) return;
    else if (!('script' in run) && !('script-repo' in run)) undecided++;
  }
  const left = names.filter((name) => !used.has(name));
  // Where a run does not say what it executes, or names what is not there, it is probably one of these.
  if (left.length <= undecided) return;
  const texts = new Set([...used].map((name) => placeOf(context, list, name)));
  for (const name of left) {
    // What another entry repeats by an alias is used all the same.
    if (texts.has(placeOf(context, list, name))) continue;
    const what = list === 'scripts' ? 'script' : 'script-repo';
    const path = childPath(`/${list}`, name);
    yield { path, at: 'key', message: `No run uses the ${what} \`${name}\`.`, help: 'Remove it, or name it in a run.' };
  }
}

/** Whether every run is where the server looks for it; and there is one, for else everything is unused. */
function runsAreKnown(context: CheckContext): boolean {
  const { root, triggers, runs } = context;
  if (runs.length === 0 || asList(root?.['triggers'])?.length !== triggers.length) return false;
  return triggers.every((view) => {
    const list = asList(view.trigger['runs']);
    return list !== undefined && list.length === view.runs.length;
  });
}

function placeOf({ document }: CheckContext, list: string, name: string): string | undefined {
  const place = document.locate(childPath(`/${list}`, name))?.value;
  return place && `${place.line}:${place.column}`;
}
