import type { CheckContext } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { reference } from '../suggest.js';
import { allReferences, type Chain, firstByName, misled, refusedChains } from '../triggers.js';

/*
 * trigger.py `_create_triggers` asks for the trigger by name and writes into what it gets: None breaks the request by
 * which the worker reports the end of the run. The request is undone, and the run stays as it was.
 */
export const unknownTrigger: RuleCheck = {
  id: 'unknown-trigger',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-run',
  *check(context) {
    const chains = refusedChains(context);
    yield* misleading(context, chains);
    // The missing name of a trigger may be the one that is referred to.
    if (context.triggers.some(({ name }) => name === undefined)) return;
    const names = firstByName(context);
    const refused = new Set(chains.flatMap(({ steps }) => steps.map(({ path }) => path)));
    const seen = new Set<string>();
    for (const { path, name, to } of allReferences(context)) {
      if (to !== undefined || refused.has(path) || seen.has(path)) continue;
      seen.add(path);
      yield reference(`${path}/name`, `There is no trigger \`${name}\`.`, name, names.keys(), 'Triggers');
    }
  },
};

/** project.py `_check_trigger_depth`: a name that is not found leaves the loop's variable at the last trigger. */
function* misleading(context: CheckContext, chains: Chain[]): Generator<Finding> {
  const names = firstByName(context);
  for (const step of chains.flatMap((chain) => misled(chain) ?? [])) {
    const { path, name, to } = step;
    const message = `There is no trigger \`${name}\`; the server takes the last one, \`${to?.name}\`, in its place, and refuses the chain that comes of it.`;
    yield { ...reference(`${path}/name`, message, name, names.keys(), 'Triggers'), server: 'rejects' };
  }
}
