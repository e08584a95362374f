import { allReferences, type CheckContext } from '../lint/index.js';
import { asObject, asText, childPath, valueAt } from '../schema/index.js';
import type { WrittenPlace } from './analysis.js';

/** A place that names something. `exact`: the name stands there as it is; no loop fills it in. */
export interface NamePlace extends WrittenPlace {
  exact: boolean;
}

/** A script, script-repo or trigger that the definition has, and the places that refer to it. */
export interface Named {
  kind: 'script' | 'script-repo' | 'trigger';
  name: string;
  definition: NamePlace;
  references: NamePlace[];
}

/** All that can be referred to by a name, in the order of the definition. */
export function namesIn(context: CheckContext): Named[] {
  return [...entries(context, 'script'), ...entries(context, 'script-repo'), ...triggers(context)];
}

/** What the cursor is on; several where a loop refers to several triggers. */
export function namesAt(context: CheckContext, place: WrittenPlace | undefined): Named[] {
  const isHere = ({ path, part }: WrittenPlace) => path === place?.path && part === place.part;
  return namesIn(context).filter(({ definition, references }) => isHere(definition) || references.some(isHere));
}

function entries({ document, runs }: CheckContext, kind: 'script' | 'script-repo'): Named[] {
  const base = `/${kind}s`;
  const names = Object.keys(asObject(valueAt(document.value, base)) ?? {});
  const byName = new Map(names.map((name) => [name, [] as NamePlace[]]));
  for (const { path, run } of runs) {
    const name = kind === 'script' ? run.script : run['script-repo']?.name;
    const place = kind === 'script' ? `${path}/script` : `${path}/script-repo/name`;
    if (name != null) byName.get(name)?.push({ path: place, part: 'value', exact: true });
  }
  return names.map((name) => ({
    kind,
    name,
    definition: { path: childPath(base, name), part: 'key', exact: true },
    references: byName.get(name) ?? [],
  }));
}

function triggers(context: CheckContext): Named[] {
  const byTrigger = new Map<string, Map<string, NamePlace>>();
  for (const { path, name, to } of allReferences(context)) {
    if (to === undefined) continue;
    const places = byTrigger.get(to.path) ?? new Map<string, NamePlace>();
    const exact = asText(valueAt(context.document.value, `${path}/name`)) === name;
    byTrigger.set(to.path, places.set(path, { path: `${path}/name`, part: 'value', exact }));
  }
  return context.triggers.flatMap(({ name, path }) =>
    name === undefined
      ? []
      : [
          {
            kind: 'trigger' as const,
            name,
            definition: { path: `${path}/name`, part: 'value' as const, exact: true },
            references: [...(byTrigger.get(path)?.values() ?? [])],
          },
        ],
  );
}
