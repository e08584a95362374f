import { FormatError, pythonFormat } from '../python/index.js';
import type { TriggerReference } from '../schema/index.js';
import type { CheckContext, Loose, TriggerView } from './context.js';

/** Chains of triggers as written, which the server follows when it looks for chains that are too long. */

/** One trigger names another, in its own `triggers` or in those of a run. */
export interface ChainStep {
  path: string;
  name: string;
  /** The trigger that the server continues with; undefined if that is unknown. */
  to: TriggerView | undefined;
}

/** More steps than the server allows, out of one trigger. */
export interface Chain {
  from: TriggerView;
  steps: ChainStep[];
}

/** The chains that the server refuses, no step in two of them. */
export function refusedChains(context: CheckContext): Chain[] {
  return context.memo(findChains, () => findChains(context));
}

function findChains(context: CheckContext): Chain[] {
  const stepsFrom = stepsOf(context);
  const chains: Chain[] = [];
  const reported = new Set<ChainStep>();
  const pairs = new Map<TriggerView, [ChainStep, ChainStep] | undefined>();
  for (const from of context.triggers) {
    for (const first of stepsFrom.get(from) ?? []) {
      if (first.to === undefined) continue;
      if (!pairs.has(first.to)) pairs.set(first.to, twoSteps(first.to, stepsFrom));
      const next = pairs.get(first.to);
      // The server refuses when a third step follows a first one.
      if (next === undefined) continue;
      const steps = [first, ...next];
      if (steps.some((step) => reported.has(step))) continue;
      for (const step of steps) reported.add(step);
      chains.push({ from, steps });
    }
  }
  return chains;
}

/** The first two steps on the way out of a trigger. */
function twoSteps(from: TriggerView, steps: Map<TriggerView, ChainStep[]>): [ChainStep, ChainStep] | undefined {
  for (const second of steps.get(from) ?? []) {
    const third = second.to && steps.get(second.to)?.[0];
    if (third) return [second, third];
  }
  return undefined;
}

/**
 * The steps out of each trigger, in the server's order. A name that no trigger has leads the server to the last
 * trigger of the file; this conclusion is drawn only where nothing else is wrong with the triggers.
 */
function stepsOf(context: CheckContext): Map<TriggerView, ChainStep[]> {
  const { triggers } = context;
  const byName = firstByName(context);
  const fallback = context.isSound('/triggers') ? triggers.at(-1) : undefined;
  const read = (owner: { triggers?: Loose<TriggerReference[]> }, path: string): ChainStep[] =>
    (owner.triggers ?? []).flatMap((reference, i) => {
      const name = reference?.name;
      return name == null ? [] : [{ path: `${path}/triggers/${i}`, name, to: byName.get(name) ?? fallback }];
    });
  return new Map(
    triggers.map((view) => [
      view,
      [...view.runs.flatMap(({ run, path }) => read(run, path)), ...read(view.trigger, view.path)],
    ]),
  );
}

/** The triggers by name; of several with one name the server only ever takes the first. */
export function firstByName({ triggers }: CheckContext): Map<string, TriggerView> {
  const byName = new Map<string, TriggerView>();
  for (const trigger of triggers) {
    if (trigger.name !== undefined && !byName.has(trigger.name)) byName.set(trigger.name, trigger);
  }
  return byName;
}

/** The step that leads into a chain only because its trigger is not there. */
export function misled({ steps }: Chain): ChainStep | undefined {
  return steps.slice(0, 2).find(({ to, name }) => to !== undefined && to.name !== name);
}

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
  return context.memo(linksOf, () => {
    const byName = firstByName(context);
    const read = (list: Loose<TriggerReference[]> | undefined, path: string): Reference[] => {
      if (!context.isSound(path)) return [];
      return (list ?? []).flatMap((item, i) => {
        const name = item?.name;
        // An empty `run-names` counts as none.
        const runNames = item?.['run-names'] || undefined;
        return name == null ? [] : [{ path: `${path}/${i}`, name, runNames, to: byName.get(name) }];
      });
    };
    return new Map(
      context.triggers.map((view) => {
        const runs = (context.expanded.get(view) ?? []).map(({ run, path }) => ({
          path,
          name: run.name,
          references: read(run.triggers, `${path}/triggers`),
        }));
        return [view, { runs, references: read(view.trigger.triggers, `${view.path}/triggers`) }];
      }),
    );
  });
}

/** Every reference there is, each written one as often as a loop repeats it. */
export function* allReferences(context: CheckContext): Generator<Reference> {
  for (const { runs, references } of linksOf(context).values()) {
    for (const run of runs) yield* run.references;
    yield* references;
  }
}

/** The name of a run that this reference starts; undefined if the server cannot fill it in. */
export function nameBy({ runNames }: Reference, name: string): string | undefined {
  if (runNames === undefined) return name;
  try {
    return pythonFormat(runNames, { name });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined;
  }
}

/** The names of the runs of a build when all of them pass and everything that they start is started. */

/** A reference starts a run whose name the build has, or one whose name is too long. */
export interface NameFault {
  kind: 'taken' | 'too-long';
  reference: Reference;
  name: string;
  /** The run as the trigger has it, and the one that has the name; both as written. */
  run: string;
  holder: string;
}

/** How many started runs are followed in one definition. */
const MAX_STARTED = 50_000;
/** The server refuses longer chains, and the search must end in a circle. */
const MAX_DEPTH = 4;
/** The longest name that the server's database takes. */
const MAX_NAME = 80;

/** The faults in the names of started runs, one for each reference. */
export function nameFaults(context: CheckContext): NameFault[] {
  const walk = new Walk(
    linksOf(context),
    new Set(refusedChains(context).flatMap(({ from, steps }) => [from, ...steps.map(({ to }) => to)])),
  );
  for (const view of firstByName(context).values()) walk.build(view);
  return [...walk.faults.values()];
}

/** The names that a build has so far, and the runs that have them. */
type Taken = Map<string, string>;

class Walk {
  readonly faults = new Map<string, NameFault>();
  readonly #links: Map<TriggerView, Links>;
  /** Triggers of chains that the server refuses, of which there are no builds. */
  readonly #refused: ReadonlySet<TriggerView | undefined>;
  #left = MAX_STARTED;

  constructor(links: Map<TriggerView, Links>, refused: ReadonlySet<TriggerView | undefined>) {
    this.#links = links;
    this.#refused = refused;
  }

  build(view: TriggerView): void {
    const links = this.#links.get(view);
    if (links === undefined || this.#refused.has(view) || !startsAnything(links)) return;
    const taken: Taken = new Map();
    // Two runs of one name within a trigger are a mistake of their own.
    const runs = links.runs.filter(({ name, path }) => !taken.has(name) && taken.set(name, path));
    const involved = new Set([view]);
    for (const run of runs) this.#startAll(run.references, taken, involved, 1);
    this.#complete(involved, taken, 1);
  }

  /** When the build is complete, the trigger of the last run starts its list; that may be any of them. */
  #complete(involved: Set<TriggerView>, taken: Taken, depth: number): void {
    if (depth > MAX_DEPTH) return;
    for (const view of involved) {
      const references = this.#links.get(view)?.references ?? [];
      if (references.length === 0 || this.#left <= 0) continue;
      const next: Taken = new Map(taken);
      this.#left -= taken.size;
      const started = new Set<TriggerView>();
      this.#startAll(references, next, started, depth);
      this.#complete(started, next, depth + 1);
    }
  }

  #startAll(references: Reference[], taken: Taken, involved: Set<TriggerView>, depth: number): void {
    for (const reference of references) {
      const { to } = reference;
      const links = to && this.#links.get(to);
      if (links === undefined || this.#refused.has(to) || depth > MAX_DEPTH) continue;
      involved.add(to as TriggerView);
      const own = new Set<string>();
      for (const run of links.runs) {
        if (this.#left-- <= 0) return;
        if (own.has(run.name)) continue;
        own.add(run.name);
        // What the run itself starts comes after its passing, and is not found once it is renamed.
        if (this.#take(reference, run, taken) === run.name) this.#startAll(run.references, taken, involved, depth + 1);
      }
    }
  }

  #take(reference: Reference, run: LinkedRun, taken: Taken): string | undefined {
    const name = nameBy(reference, run.name);
    if (name === undefined) return undefined;
    const holder = taken.get(name);
    if (holder !== undefined) {
      this.#report({ kind: 'taken', reference, name, run: run.path, holder });
    } else if (name.length > MAX_NAME && [...name].length > MAX_NAME) {
      this.#report({ kind: 'too-long', reference, name, run: run.path, holder: run.path });
    }
    if (holder === undefined) taken.set(name, run.path);
    return name;
  }

  #report(fault: NameFault): void {
    const { path } = fault.reference;
    if (!this.faults.has(path)) this.faults.set(path, fault);
  }
}

function startsAnything({ runs, references }: Links): boolean {
  return references.length > 0 || runs.some((run) => run.references.length > 0);
}
