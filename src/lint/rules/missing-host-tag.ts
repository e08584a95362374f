import type { YamlValue } from '../../python/yaml/load.js';
import { asList, asObject, asText } from '../../schema/values.js';
import type { RuleCheck } from '../rule.js';

/* The facts: `validate_data` in the server's project.py. */
export const missingHostTag: RuleCheck = {
  id: 'missing-host-tag',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const { path, run } of context.runs) {
      if (!context.lacks(path, run, 'host-tag') || context.isMisspelt(path, 'loop-on')) continue;
      const params = paramsOfLoops(run['loop-on']);
      if (params === undefined || params.includes('host-tag')) continue;
      const message = 'This run does not say which workers may take it: `host-tag` is missing.';
      yield { path, at: 'whole', message, help: 'Add `host-tag`, or a `loop-on` with the param `host-tag`.' };
    }
  },
};

/** The params that a run loops over, whatever their values; undefined where that cannot be read. */
function paramsOfLoops(loops: YamlValue | undefined): string[] | undefined {
  if (loops === undefined || loops === null) return [];
  const params = asList(loops)?.map((loop) => asText(asObject(loop)?.['param']));
  return params?.every((param) => param !== undefined) ? params : undefined;
}
