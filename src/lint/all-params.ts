import type { YamlObject } from '../python/yaml/load.js';
import { asList, asObject, asText, childPath } from '../schema/values.js';
import type { CheckContext, TriggerView } from './context.js';
import type { Place } from './rule.js';
import { untextKey } from './rules/yaml11-type.js';

/** The params of a definition, wherever they are given. */

export interface Param {
  place: Place;
  name: string;
  level: 'definition' | 'trigger' | 'run';
  /** The trigger around it. */
  view?: TriggerView;
}

/** The name of each param wherever one is given. */
export function* allParams(context: CheckContext): Generator<Param> {
  for (const [key, place] of keys(context, '', context.root)) yield { place, name: key, level: 'definition' };
  for (const view of context.triggers) {
    for (const [key, place] of keys(context, view.path, view.trigger))
      yield { place, name: key, level: 'trigger', view };
    for (const { path, run } of view.runs) {
      for (const [key, place] of keys(context, path, run)) yield { place, name: key, level: 'run', view };
      if (!context.isSound(`${path}/loop-on`)) continue;
      for (const [i, loop] of (asList(run['loop-on']) ?? []).entries()) {
        const name = asText(asObject(loop)?.['param']);
        const place = { path: `${path}/loop-on/${i}/param` };
        if (name !== undefined && name !== 'host-tag') yield { place, name, level: 'run', view };
      }
    }
  }
}

function keys(context: CheckContext, path: string, owner: Record<string, unknown> | undefined): [string, Place][] {
  if (!context.isSound(`${path}/params`)) return [];
  // Of a name that YAML takes for something else another rule tells.
  const names = Object.keys(asObject(owner?.['params'] as never) ?? {}).filter(
    (name) => untextKey(context, `${path}/params`, name) === undefined,
  );
  return names.map((name) => [name, { path: childPath(`${path}/params`, name), at: 'key' }]);
}

/** The loops of a run, if they are of a good shape. The server's: `_expand_run_loops` in project.py. */
export function loopsOf(context: CheckContext, path: string, run: YamlObject) {
  if (!context.isSound(`${path}/loop-on`)) return [];
  return (asList(run['loop-on']) ?? []).flatMap((item, i) => {
    const param = asText(asObject(item)?.['param']);
    const values = asList(asObject(item)?.['values']);
    return param === undefined || values === undefined ? [] : [{ param, values, at: `${path}/loop-on/${i}` }];
  });
}
