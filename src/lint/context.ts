import type { LoadedYaml, YamlObject, YamlValue } from '../python/yaml/load.js';
import { type ExpansionProblem, expandRuns, type WrittenRun } from '../schema/expand.js';
import type { Run } from '../schema/model.js';
import { type ShapeFault, shapeFaults } from '../schema/shape.js';
import { asList, asObject, asText } from '../schema/values.js';
import { type LintConfig, NO_CONFIG } from './lint-config.js';
import { nearest } from './suggest.js';

type UnknownKey = Extract<ShapeFault, { kind: 'unknown-key' }>;

/** A run as it stands in the definition, whatever its shape. */
export interface LintedRun {
  path: string;
  run: YamlObject;
  /** Nothing is wrong with the shape of anything in it. */
  sound: boolean;
}

export interface TriggerView {
  path: string;
  trigger: YamlObject;
  name: string | undefined;
  runs: LintedRun[];
}

/** What a message calls a trigger. */
export function calledTrigger({ name }: TriggerView): string {
  return name === undefined ? 'a trigger without a name' : `\`${name}\``;
}

/**
 * What the rules look at. A rule meets definitions of any shape: it looks at what is well formed and leaves the rest
 * to the rules about shapes, so that no finding is the consequence of another.
 */
export class CheckContext {
  readonly document: LoadedYaml;
  /** What the repository says of its server: host-tags and secrets that there are. */
  readonly config: LintConfig;
  readonly root: YamlObject | undefined;
  readonly faults: readonly ShapeFault[];
  readonly triggers: readonly TriggerView[];
  /** Those of all triggers. */
  readonly runs: readonly LintedRun[];
  /** The runs of each trigger after its loops are expanded; those only in which all that matters for that is good. */
  readonly expanded: ReadonlyMap<TriggerView, readonly WrittenRun[]>;
  /** What the server stumbles over while it expands the runs. */
  readonly problems: readonly ExpansionProblem[];
  readonly #faulty: ReadonlySet<string>;
  readonly #memo = new Map<unknown, unknown>();
  readonly #unknownKeys = new Map<string, UnknownKey[]>();

  constructor(document: LoadedYaml, config: LintConfig = NO_CONFIG) {
    const { value, problem } = document;
    this.document = document;
    this.config = config;
    // Beside dates, which are told by themselves, the rest can be looked at.
    const readable = problem?.stage !== 'empty' && value !== undefined;
    this.faults = readable ? shapeFaults(value) : [];
    this.#faulty = new Set(this.faults.flatMap(({ path }) => withAncestors(path)));
    for (const fault of this.faults) {
      if (fault.kind !== 'unknown-key') continue;
      const others = this.#unknownKeys.get(fault.path);
      if (others) others.push(fault);
      else this.#unknownKeys.set(fault.path, [fault]);
    }
    this.root = readable ? asObject(value) : undefined;
    this.triggers = this.#triggerViews();
    this.runs = this.triggers.flatMap(({ runs }) => runs);
    const { lists, problems } = expandRuns(this.triggers.map((trigger) => this.#expandable(trigger)));
    this.expanded = new Map(this.triggers.map((trigger, i) => [trigger, lists[i] ?? []]));
    this.problems = problems;
  }

  /** Whether the shape of everything at and below a pointer is good. */
  isSound(path: string): boolean {
    return !this.#faulty.has(path);
  }

  /**
   * What several rules need, worked out once for a definition.
   *
   * @param key of this and nothing else: the function that makes it, say
   */
  memo<T>(key: unknown, make: () => T): T {
    if (!this.#memo.has(key)) this.#memo.set(key, make());
    return this.#memo.get(key) as T;
  }

  /** Whether a key is not there, and no other key looks like a misspelt form of it. */
  lacks(path: string, object: YamlObject, key: string): boolean {
    return !(key in object) && !this.isMisspelt(path, key);
  }

  /** Whether the mapping at `path` has an unknown key that was probably meant to be `key`. */
  isMisspelt(path: string, key: string): boolean {
    return this.#unknownKeys.get(path)?.some((fault) => nearest(fault.key, fault.choices) === key) ?? false;
  }

  /** A fault elsewhere in a run does not keep it from being expanded. */
  #expandable({ runs }: TriggerView): WrittenRun[] {
    const ready: WrittenRun[] = [];
    for (const view of runs) {
      const run = view.sound ? view.run : this.#withReadableNames(view);
      if (run) ready.push({ run: run as unknown as Run, path: view.path });
    }
    return ready;
  }

  #withReadableNames({ path, run }: LintedRun): YamlObject | undefined {
    const isGood = (key: string) => this.isSound(`${path}/${key}`) && !this.isMisspelt(path, key);
    if (asText(run['name']) === undefined || !isGood('name') || !isGood('triggers')) return undefined;
    if (isGood('loop-on')) return run;
    const loops = asList(run['loop-on'])?.map((loop, i) => this.#withTexts(loop, `${path}/loop-on/${i}`));
    return loops?.every((loop) => loop !== undefined) ? { ...run, 'loop-on': loops } : undefined;
  }

  /** A loop, its values as they are written: what is no text is told by itself, and meant as one. */
  #withTexts(value: YamlValue, path: string): YamlObject | undefined {
    const loop = asObject(value);
    const values = asList(loop?.['values']);
    if (loop === undefined || values === undefined || asText(loop['param']) === undefined) return undefined;
    const texts = values.map((item, i) => asText(item) ?? this.document.layout(`${path}/values/${i}`)?.raw);
    return texts.every((text) => text !== undefined) ? { ...loop, values: texts } : undefined;
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

  #runViews(trigger: YamlObject, triggerPath: string): LintedRun[] {
    const views: LintedRun[] = [];
    for (const [i, value] of (asList(trigger['runs']) ?? []).entries()) {
      const run = asObject(value);
      const path = `${triggerPath}/runs/${i}`;
      if (run) views.push({ path, run, sound: this.isSound(path) });
    }
    return views;
  }
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
