import { type ExpansionProblem, expandRuns, type WrittenRun } from '../expand.js';
import type { Run } from '../model.js';
import { type ShapeFault, shapeFaults } from '../shape.js';
import { nearest } from '../suggest.js';
import { asList, asObject, asText } from '../values.js';
import type { LoadedYaml, YamlObject } from '../yaml/load.js';

/** A run as it stands in the definition, whatever its shape. */
export interface RunView {
  path: string;
  run: YamlObject;
  /** Nothing is wrong with the shape of anything in it. */
  sound: boolean;
}

export interface TriggerView {
  path: string;
  trigger: YamlObject;
  name: string | undefined;
  runs: RunView[];
}

/**
 * What the rules look at. A rule meets definitions of any shape: it looks at what is well formed and leaves the rest
 * to the rules about shapes, so that no finding is the consequence of another.
 */
export class CheckContext {
  readonly document: LoadedYaml;
  readonly root: YamlObject | undefined;
  readonly faults: readonly ShapeFault[];
  readonly triggers: readonly TriggerView[];
  /** What the server stumbles over while it expands the runs. */
  readonly problems: readonly ExpansionProblem[];
  readonly #faulty: ReadonlySet<string>;

  constructor(document: LoadedYaml) {
    const { value, problem } = document;
    this.document = document;
    this.faults = problem === undefined && value !== undefined ? shapeFaults(value) : [];
    this.#faulty = new Set(this.faults.flatMap(({ path }) => withAncestors(path)));
    this.root = problem === undefined ? asObject(value) : undefined;
    this.triggers = this.#triggerViews();
    this.problems = expandRuns(this.triggers.map(soundRuns)).problems;
  }

  /** Whether the shape of everything at and below a pointer is good. */
  isSound(path: string): boolean {
    return !this.#faulty.has(path);
  }

  /** Whether a key is not there, and no other key looks like a misspelt form of it. */
  lacks(path: string, object: YamlObject, key: string): boolean {
    return !(key in object) && !this.isMisspelt(path, key);
  }

  /** Whether the mapping at `path` has an unknown key that was probably meant to be `key`. */
  isMisspelt(path: string, key: string): boolean {
    if (this.isSound(path)) return false;
    return this.faults.some(
      (fault) => fault.kind === 'unknown-key' && fault.path === path && nearest(fault.key, fault.choices) === key,
    );
  }

  #triggerViews(): TriggerView[] {
    const views: TriggerView[] = [];
    for (const [i, value] of (asList(this.root?.['triggers']) ?? []).entries()) {
      const trigger = asObject(value);
      const path = `/triggers/${i}`;
      if (trigger) views.push({ path, trigger, name: asText(trigger['name']), runs: this.#runViews(trigger, path) });
    }
    return views;
  }

  #runViews(trigger: YamlObject, triggerPath: string): RunView[] {
    const views: RunView[] = [];
    for (const [i, value] of (asList(trigger['runs']) ?? []).entries()) {
      const run = asObject(value);
      const path = `${triggerPath}/runs/${i}`;
      if (run) views.push({ path, run, sound: this.isSound(path) });
    }
    return views;
  }
}

function soundRuns({ runs }: TriggerView): WrittenRun[] {
  return runs.filter(({ sound }) => sound).map(({ run, path }) => ({ run: run as unknown as Run, path }));
}

/** A pointer and the pointers to everything around it. */
function withAncestors(path: string): string[] {
  const paths = [path];
  for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
    paths.push(path.slice(0, end));
    if (end === 0) break;
  }
  return paths;
}
