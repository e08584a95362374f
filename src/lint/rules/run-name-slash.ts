import { asList, asObject, asText, valueAt } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { allReferences, nameBy } from '../triggers.js';

/*
 * flask.py `_reject_relative_paths` answers 400 to any path with `..` in it. The routes of api/run.py have `<run>`, one
 * segment of a path that is not empty; url_for writes a slash unchanged, so a POST finds no route.
 */
export const runNameSlash: RuleCheck = {
  id: 'run-name-slash',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-run',
  *check(context) {
    const seen = new Set<string>();
    for (const { run, path } of [...context.expanded.values()].flat()) {
      if (seen.has(path) || isUrlSegment(run.name)) continue;
      seen.add(path);
      yield slashFinding(culprit(context, path, run.name), run.name);
    }
    for (const reference of allReferences(context)) {
      const name = nameBy(reference, 'name');
      if (name === undefined || isUrlSegment(name)) continue;
      yield slashFinding(`${reference.path}/run-names`, reference.runNames ?? '');
    }
  },
};

/** Whether a name can be one segment of the URL that a worker reports to. */
export function isUrlSegment(name: string): boolean {
  return name !== '' && name !== '.' && !name.includes('/') && !name.includes('..');
}

function slashFinding(path: string, name: string): Finding {
  const message =
    name === ''
      ? 'A run needs a name; the worker cannot report what has no URL.'
      : `\`${name}\` cannot be a part of a URL; the worker cannot report for a run of this name.`;
  return { path, message, help: 'Use another character, such as `-`.' };
}

/** The value of a loop, where the name as written would do. */
function culprit(context: CheckContext, path: string, name: string): string {
  const run = asObject(valueAt(context.document.value, path));
  if (name === '' || !isUrlSegment(asText(run?.['name']) ?? '')) return `${path}/name`;
  for (const [i, loop] of (asList(run?.['loop-on']) ?? []).entries()) {
    const values = asList(asObject(loop)?.['values']) ?? [];
    const at = values.findIndex((value) => typeof value === 'string' && value !== '' && !isUrlSegment(value));
    if (at >= 0) return `${path}/loop-on/${i}/values/${at}`;
  }
  return `${path}/name`;
}
