import { firstByName, refusedChains } from './chains.js';
import type { CheckContext, TriggerView } from './context.js';
import { type LinkedRun, type Links, linksOf, nameBy, type Reference } from './links.js';

/** What the runs of a build are called when all of them pass, and what they start is started too. */

/** A reference starts a run whose name the build has, or one whose name is too long. */
export interface NameFault {
  kind: 'taken' | 'too-long';
  reference: Reference;
  name: string;
  /** The run as the trigger has it, and the one that has the name; both as written. */
  run: string;
  holder: string;
}

/** Runs that one definition is followed through; beyond them nobody reads on. */
const MAX_STARTED = 50_000;
/** The server refuses longer chains; a circle must end somewhere. */
const MAX_DEPTH = 4;
/** What the server's database holds of a name. */
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
  /** Triggers of chains that the server refuses: of them there are no builds. */
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

  /** When the build is complete, the trigger of the run that was the last starts its list: that may be any of them. */
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
