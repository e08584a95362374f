import { FormatError, pythonFormat } from '../python/format/python-format.js';
import type { YamlValue } from '../python/yaml/load.js';
import { asList, asObject, asText } from '../schema/values.js';
import { firstByName } from './chains.js';
import type { CheckContext, TriggerView } from './context.js';

/** An entry of a `triggers` list, of a trigger or of one of its expanded runs. */
export interface Reference {
  /** To the entry as written. */
  path: string;
  name: string;
  runNames: string | undefined;
  /** The trigger of that name, if there is one. */
  to: TriggerView | undefined;
}

/** A run that a build of the trigger has. */
export interface LinkedRun {
  path: string;
  name: string;
  references: Reference[];
}

/** What a trigger consists of when a build is made of it. */
export interface Links {
  runs: LinkedRun[];
  /** What is started when the build is complete. */
  references: Reference[];
}

/** The links of each trigger; of runs whose shape is too bad to be expanded there are none. */
export function linksOf(context: CheckContext): Map<TriggerView, Links> {
  return context.memo(findLinks, () => findLinks(context));
}

function findLinks(context: CheckContext): Map<TriggerView, Links> {
  const byName = firstByName(context);
  const read = (list: YamlValue | undefined, path: string): Reference[] => {
    if (list === undefined || !context.isSound(path)) return [];
    return (asList(list) ?? []).flatMap((item, i) => {
      const name = asText(asObject(item)?.['name']);
      if (name === undefined) return [];
      // An empty `run-names` counts as none.
      const runNames = asText(asObject(item)?.['run-names']) || undefined;
      return [{ path: `${path}/${i}`, name, runNames, to: byName.get(name) }];
    });
  };
  return new Map(
    context.triggers.map((view) => {
      const runs = (context.expanded.get(view) ?? []).map(({ run, path }) => ({
        path,
        name: run.name,
        references: read(run.triggers as YamlValue | undefined, `${path}/triggers`),
      }));
      return [view, { runs, references: read(view.trigger['triggers'], `${view.path}/triggers`) }];
    }),
  );
}

/** Every reference there is, each written one as often as a loop repeats it. */
export function* allReferences(context: CheckContext): Generator<Reference> {
  for (const { runs, references } of linksOf(context).values()) {
    for (const run of runs) yield* run.references;
    yield* references;
  }
}

/** What a run is called when this reference starts it; undefined where the server cannot fill the name in. */
export function nameBy({ runNames }: Reference, name: string): string | undefined {
  if (runNames === undefined) return name;
  try {
    return pythonFormat(runNames, { name });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}
