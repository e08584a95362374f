import { FormatError, pythonFormat } from '../python/index.js';
import type { ExpandedTrigger } from './expand.js';
import type { Run, StringMap, Trigger, TriggerReference, TriggerType } from './model.js';

/**
 * A build, and what the server starts in it when one of its runs has ended: what the run's own
 * `triggers` name, and what those of its trigger name once every run of the build has passed
 * (api/run.py `_handle_triggers`, trigger.py `trigger_runs`). Pure: nothing is run here.
 */

/** A run that the server adds to the build. */
export interface StartedRun {
  /** Whose run it is; its type is the one that this run gets. */
  trigger: ExpandedTrigger;
  run: Run;
  /** What it is called in this build. */
  name: string;
  /** For `buildRunDefinition`: they win over everything that the definition says. */
  params: StringMap;
  /** Whether one run started it by passing, or all of them. */
  by: 'run' | 'build';
}

export interface EndedRun {
  /** Name of the trigger that it is a run of. */
  trigger: string;
  /** Its name in this build. */
  name: string;
  passed: boolean;
  /** Its rundef's `env`, as the server keeps it. */
  env: StringMap;
  /** Its `run_url`. */
  url: string;
}

export interface Consequence {
  started: StartedRun[];
  /** Why the server does not let the run pass after all: a sentence. */
  error?: string;
}

export class Build {
  readonly #triggers = new Map<string, ExpandedTrigger>();
  readonly #root: ExpandedTrigger;
  readonly #params: StringMap;
  /** Every run that the build has, by name; undefined while it has not ended. */
  readonly #passed = new Map<string, boolean | undefined>();

  /**
   * @param triggers of the definition, expanded
   * @param root the trigger that the build is of; all of its runs are in it
   * @param params what it was started with
   */
  constructor(triggers: readonly ExpandedTrigger[], root: ExpandedTrigger, params: StringMap) {
    // Of several triggers with one name the server only ever finds the first.
    for (const trigger of triggers) if (!this.#triggers.has(trigger.name)) this.#triggers.set(trigger.name, trigger);
    this.#root = root;
    this.#params = params;
    for (const { name } of root.runs) this.#passed.set(name, undefined);
  }

  /** Takes note of a run's end. Call it once for each run, in the order in which they end. */
  ended(run: EndedRun): Consequence {
    this.#passed.set(run.name, run.passed);
    if (!run.passed) return { started: [] };
    const before = new Set(this.#passed.keys());
    const started: StartedRun[] = [];
    try {
      this.#startFor(run, new Starting(before, started));
      return { started };
    } catch (fault) {
      if (!(fault instanceof StartFault)) throw fault;
      this.#passed.set(run.name, false);
      if (fault.keepsStarted) return { started, error: fault.message };
      for (const { name } of started) this.#passed.delete(name);
      return { started: [], error: fault.message };
    }
  }

  /** Names of the runs that have not ended. */
  get unfinished(): string[] {
    return [...this.#passed].filter(([, passed]) => passed === undefined).map(([name]) => name);
  }

  #startFor({ trigger: triggerName, name, env, url: written }: EndedRun, starting: Starting): void {
    const url = asServersWrite(written);
    const trigger = this.#find(triggerName);
    // By its name in the build: one that `run-names` renamed is not found, and starts nothing.
    for (const own of trigger.runs) {
      if (own.name !== name) continue;
      this.#startAll(own.triggers ?? [], trigger.type, withUrl(url, env), 'run', starting);
    }
    if ([...this.#passed.values()].some((passed) => passed !== true)) return;
    const references = trigger.triggers ?? [];
    if (references.length === 0) return;
    // Only then are the build's params kept.
    if (!this.#root.triggers?.length) {
      throw new StartFault(
        `When all runs of a build have passed, the server starts what ${triggerName} names with the params of the build, and it keeps none where ${this.#root.name} itself names nothing: it cannot end this run. Give ${this.#root.name} the same \`triggers\`.`,
      );
    }
    const address = url.slice(0, url.indexOf('/runs/') + 1);
    // What the build was started with wins, even over this.
    const params: StringMap = Object.assign(withUrl(address), this.#params);
    this.#startAll(references, trigger.type, params, 'build', starting);
  }

  #startAll(
    references: readonly TriggerReference[],
    parent: TriggerType,
    params: StringMap,
    by: StartedRun['by'],
    starting: Starting,
  ): void {
    for (const { name: triggerName, 'run-names': names } of references) {
      const found = this.#find(triggerName);
      const trigger = { ...found, type: upgraded(found.type, parent) };
      for (const run of trigger.runs) {
        const name = names ? filledIn(names, run.name) : run.name;
        starting.add({ trigger, run, name, params, by });
        this.#passed.set(name, undefined);
      }
    }
  }

  #find(name: string): ExpandedTrigger {
    const trigger = this.#triggers.get(name);
    if (trigger !== undefined) return trigger;
    throw new StartFault(
      `It is to start ${JSON.stringify(name)}, and there is no such trigger: the server cannot end it.`,
    );
  }
}

/** Every run that may come of these, whatever passes; without themselves. */
export function reachableRuns(
  triggers: readonly ExpandedTrigger[],
  first: readonly { trigger: Trigger; run: Run }[],
): { trigger: ExpandedTrigger; run: Run }[] {
  const reached = new Set<ExpandedTrigger>();
  const queue = first.flatMap(({ trigger, run }) => [...(run.triggers ?? []), ...(trigger.triggers ?? [])]);
  for (const { name } of queue) {
    const trigger = triggers.find((one) => one.name === name);
    if (trigger === undefined || reached.has(trigger)) continue;
    reached.add(trigger);
    queue.push(...trigger.runs.flatMap((run) => run.triggers ?? []), ...(trigger.triggers ?? []));
  }
  return [...reached].flatMap((trigger) => trigger.runs.map((run) => ({ trigger, run })));
}

/** A poller's and a pull request's build makes runs of its own type out of `simple` ones; a merge request's does not. */
function upgraded(type: TriggerType, parent: TriggerType): TriggerType {
  return type === 'simple' && (parent === 'git_poller' || parent === 'github_pr') ? parent : type;
}

/** The address of a request as the server's library (werkzeug) shows it: what need not be quoted is not. */
function asServersWrite(url: string): string {
  return url.replace(/(?:%(?![01]|20|23|25|2f|3f|7f)[0-9a-f]{2})+/gi, (quoted) => {
    try {
      return decodeURIComponent(quoted);
    } catch {
      // No UTF-8: it stays quoted there too.
      return quoted;
    }
  });
}

function withUrl(url: string, params: StringMap = {}): StringMap {
  return Object.assign(Object.create(null), params, { H_TRIGGER_URL: url });
}

function filledIn(template: string, name: string): string {
  try {
    return pythonFormat(template, { name });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new StartFault(
      `The server cannot fill in the run-names ${JSON.stringify(template)} of what this run starts: ${error.message}.`,
      true,
    );
  }
}

/** What is started at the end of one run. */
class Starting {
  readonly #before: ReadonlySet<string>;
  readonly #started: StartedRun[];

  /** @param before names that the build has */
  constructor(before: ReadonlySet<string>, started: StartedRun[]) {
    this.#before = before;
    this.#started = started;
  }

  add(run: StartedRun): void {
    const name = JSON.stringify(run.name);
    const help = 'Give the new runs names of their own with `run-names`.';
    if (this.#before.has(run.name)) {
      const message = `It is to start a run ${name}, and the build has one of that name already: the server fails this one for it. ${help}`;
      throw new StartFault(message, true);
    }
    // The server sees this one only when its database refuses it, and then undoes everything.
    if (this.#started.some((other) => other.name === run.name)) {
      throw new StartFault(`It is to start two runs of the name ${name}: the server cannot end it. ${help}`);
    }
    this.#started.push(run);
  }
}

/** Something on which the server stops while it starts runs. */
class StartFault extends Error {
  /** Whether the runs that it had started by then stay. */
  readonly keepsStarted: boolean;

  constructor(message: string, keepsStarted = false) {
    super(message);
    this.keepsStarted = keepsStarted;
  }
}

/**
 * A definition as the server keeps it with its build, and reads it again when something is to be
 * started: every mapping in the order of its keys, as PyYAML writes it. Scripts can see that:
 * in the order of their environment, and of volumes.
 */
export function asStored<T>(value: T): T {
  if (Array.isArray(value)) return value.map(asStored) as T;
  if (typeof value !== 'object' || value === null) return value;
  const stored: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) stored[key] = asStored(item);
  return stored as T;
}
