import { asObject, childPath, valueAt } from '../../schema/index.js';
import type { CheckContext, LintedRun } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { nearest } from '../suggest.js';

export const unusedScript: RuleCheck = {
  id: 'unused-script',
  severity: 'warning',
  server: 'accepts',
  check: (context) => unused(context, 'scripts', 'script', ({ run }) => run.script),
};

export function* unused(
  context: CheckContext,
  list: 'scripts' | 'script-repos',
  key: 'script' | 'script-repo',
  nameOf: (view: LintedRun) => string | null | undefined,
): Generator<Finding> {
  // As written: an entry of the wrong type exists, too.
  const names = Object.keys(asObject(valueAt(context.document.value, `/${list}`)) ?? {});
  if (names.length === 0 || !runsAreKnown(context)) return;
  const used = new Set<string>();
  let undecided = 0;
  for (const view of context.runs) {
    const name = nameOf(view) ?? undefined;
    const meant = name === undefined || names.includes(name) ? name : nearest(name, names);
    if (meant !== undefined) used.add(meant);
    else if (name !== undefined) undecided++;
    else if (key in view.written || context.isMisspelt(view.path, key)) return;
    else if (!('script' in view.written) && !('script-repo' in view.written)) undecided++;
  }
  const left = names.filter((name) => !used.has(name));
  // A run that does not say what it executes, or names what does not exist, probably means one of these.
  if (left.length <= undecided) return;
  const texts = new Set([...used].map((name) => placeOf(context, list, name)));
  for (const name of left) {
    // What another entry repeats by an alias is used all the same.
    if (texts.has(placeOf(context, list, name))) continue;
    const path = childPath(`/${list}`, name);
    yield { path, at: 'key', message: `No run uses the ${key} \`${name}\`.`, help: 'Remove it, or name it in a run.' };
  }
}

/** Whether there are runs, and every one is where the server looks for it. */
function runsAreKnown({ root, triggers, runs }: CheckContext): boolean {
  return (
    runs.length > 0 &&
    root?.triggers?.length === triggers.length &&
    triggers.every((view) => view.trigger.runs?.length === view.runs.length)
  );
}

function placeOf({ document }: CheckContext, list: string, name: string): string | undefined {
  const place = document.locate(childPath(`/${list}`, name))?.value;
  return place && `${place.line}:${place.column}`;
}
