import type { YamlObject } from '../python/yaml/load.js';
import { asList, asObject, asText } from '../schema/values.js';
import type { CheckContext } from './context.js';

/** The loops of a run, if they are of a good shape. The server's: `_expand_run_loops` in project.py. */
export function loopsOf(context: CheckContext, path: string, run: YamlObject) {
  if (!context.isSound(`${path}/loop-on`)) return [];
  return (asList(run['loop-on']) ?? []).flatMap((item, i) => {
    const param = asText(asObject(item)?.['param']);
    const values = asList(asObject(item)?.['values']);
    return param === undefined || values === undefined ? [] : [{ param, values, at: `${path}/loop-on/${i}` }];
  });
}
