import type { LoadedYaml, YamlObject, YamlValue } from '../python/index.js';
import {
  asList,
  asObject,
  asText,
  childPath,
  type Definition,
  type ExpansionProblem,
  expandRuns,
  type Run,
  type ShapeFault,
  shapeFaults,
  type Trigger,
  valueAt,
  type WrittenRun,
} from '../schema/index.js';
import { type LintConfig, NO_CONFIG } from './finding.js';
import { nearest } from './suggest.js';

/** A part of the model as an author may write it: everything may be missing or null. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? Loose<Item>[] | null
  : T extends object
    ? { [Key in keyof T]?: Loose<T[Key]> } | null
    : T | null;

export interface LintedRun {
  path: string;
  /** What is well formed of it. */
  run: NonNullable<Loose<Run>>;
  /** As written. */
  written: YamlObject;
}

export interface TriggerView {
  path: string;
  /** What is well formed of it. */
  trigger: NonNullable<Loose<Trigger>>;
  name: string | undefined;
  runs: LintedRun[];
}

/** The name of a trigger in a message. */
export function calledTrigger({ name }: TriggerView): string {
  return name === undefined ? 'a trigger without a name' : `\`${name}\``;
}

/**
 * What the rules look at. Definitions may have any shape: the model holds what is well formed, and the rules about
 * shapes report the rest, so that no finding is the consequence of another.
 */
export class CheckContext {
  readonly document: LoadedYaml;
  readonly config: LintConfig;
  /** The definition without values of the wrong type and unknown keys. Lists keep their places: null stands for such an element. */
  readonly root: NonNullable<Loose<Definition>> | undefined;
  readonly faults: readonly ShapeFault[];
  readonly triggers: readonly TriggerView[];
  /** Those of all triggers. */
  readonly runs: readonly LintedRun[];
  /** The runs of each trigger after its loops are expanded, without runs whose names or loops are not well formed. */
  readonly expanded: ReadonlyMap<TriggerView, readonly WrittenRun[]>;
  /** What the server cannot expand. */
  readonly problems: readonly ExpansionProblem[];
  readonly #faulty: ReadonlySet<string>;
  readonly #wrong = new Set<string>();
  readonly #unknownKeys = new Map<string, Map<string, string[]>>();
  readonly #memo = new Map<unknown, unknown>();
  readonly #ofTexts: TextMemo = new Map();
  readonly #earlier: TextMemo | undefined;

  /** @param previous of the last version of the same document: what depends on a text alone is taken from it */
  constructor(document: LoadedYaml, config: LintConfig = NO_CONFIG, previous?: CheckContext) {
    const { value, problem } = document;
    this.#earlier = previous === undefined ? undefined : previous.#ofTexts;
    this.document = document;
    this.config = config;
    const readable = problem?.stage !== 'empty' && value !== undefined;
    this.faults = readable ? shapeFaults(value) : [];
    this.#faulty = new Set(this.faults.flatMap(({ path }) => withAncestors(path)));
    for (const fault of this.faults) {
      if (fault.kind === 'wrong-type') this.#wrong.add(fault.path);
      if (fault.kind !== 'unknown-key') continue;
      const keys = this.#unknownKeys.get(fault.path) ?? new Map();
      this.#unknownKeys.set(fault.path, keys.set(fault.key, fault.choices));
    }
    this.root = asObject(readable ? this.#wellFormed(value, '') : undefined) as typeof this.root;
    this.triggers = views('/triggers', this.root?.triggers).map(([path, trigger]) => ({
      path,
      trigger,
      name: trigger.name ?? undefined,
      runs: views(`${path}/runs`, trigger.runs).map(([at, run]) => ({
        path: at,
        run,
        written: asObject(valueAt(value, at)) ?? {},
      })),
    }));
    this.runs = this.triggers.flatMap(({ runs }) => runs);
    const { lists, problems } = expandRuns(this.triggers.map((trigger) => this.#expandable(trigger)));
    this.expanded = new Map(this.triggers.map((trigger, i) => [trigger, lists[i] ?? []]));
    this.problems = problems;
  }

  /** Whether everything at and below a pointer has the right shape. */
  isSound(path: string): boolean {
    return !this.#faulty.has(path);
  }

  /**
   * Computes once what several rules need.
   *
   * @param key of this value only, such as the function that makes it
   */
  memo<T>(key: unknown, make: () => T): T {
    if (!this.#memo.has(key)) this.#memo.set(key, make());
    return this.#memo.get(key) as T;
  }

  /**
   * Computes once what depends on a text alone, such as a script, of all versions of a document.
   *
   * @param make one function for all texts
   */
  ofText<T>(text: string, make: (text: string) => T): T {
    const own = this.#ofTexts.get(make) ?? new Map<string, unknown>();
    this.#ofTexts.set(make, own);
    if (!own.has(text)) {
      const earlier = this.#earlier?.get(make);
      own.set(text, earlier?.has(text) ? earlier.get(text) : make(text));
    }
    return own.get(text) as T;
  }

  /** Whether a run has no such key, nor one that looks like a misspelt form of it. */
  lacks({ path, written }: LintedRun, key: string): boolean {
    return !(key in written) && !this.isMisspelt(path, key);
  }

  /** Whether the mapping at `path` has an unknown key that was probably meant to be `key`. */
  isMisspelt(path: string, key: string): boolean {
    return [...(this.#unknownKeys.get(path) ?? [])].some(([unknown, choices]) => nearest(unknown, choices) === key);
  }

  #wellFormed(value: YamlValue, path: string): YamlValue | undefined {
    if (this.isSound(path)) return value;
    if (this.#wrong.has(path)) return undefined;
    if (Array.isArray(value)) return value.map((item, i) => this.#wellFormed(item, `${path}/${i}`) ?? null);
    const mapping = asObject(value);
    // A text that is too long.
    if (mapping === undefined) return value;
    const object: YamlObject = Object.create(null);
    for (const [key, item] of Object.entries(mapping)) {
      const kept = this.#unknownKeys.get(path)?.has(key) ? undefined : this.#wellFormed(item, childPath(path, key));
      if (kept !== undefined) object[key] = kept;
    }
    return object;
  }

  /** A fault elsewhere in a run does not prevent its expansion. */
  #expandable({ runs }: TriggerView): WrittenRun[] {
    return runs.flatMap((view) => {
      const run = this.isSound(view.path) ? view.written : this.#withReadableNames(view);
      return run ? [{ run: run as unknown as Run, path: view.path }] : [];
    });
  }

  #withReadableNames({ path, written }: LintedRun): YamlObject | undefined {
    const isGood = (key: string) => this.isSound(`${path}/${key}`) && !this.isMisspelt(path, key);
    if (asText(written['name']) === undefined || !isGood('name') || !isGood('triggers')) return undefined;
    if (isGood('loop-on')) return written;
    const loops = asList(written['loop-on'])?.map((loop, i) => this.#withTexts(loop, `${path}/loop-on/${i}`));
    return loops?.every((loop) => loop !== undefined) ? { ...written, 'loop-on': loops } : undefined;
  }

  /** A loop with its values as they stand in the file: a value that is not a text was meant to be one. */
  #withTexts(value: YamlValue, path: string): YamlObject | undefined {
    const loop = asObject(value);
    const values = asList(loop?.['values']);
    if (loop === undefined || values === undefined || asText(loop['param']) === undefined) return undefined;
    const texts = values.map((item, i) => asText(item) ?? this.document.layout(`${path}/values/${i}`)?.raw);
    return texts.every((text) => text !== undefined) ? { ...loop, values: texts } : undefined;
  }
}

/** Results by the function that made them, and the text. */
type TextMemo = Map<unknown, Map<string, unknown>>;

function views<T>(path: string, list: (T | null)[] | null | undefined): [string, T][] {
  return (list ?? []).flatMap((item, i): [string, T][] => (item ? [[`${path}/${i}`, item]] : []));
}

/** A pointer and the pointers to everything that contains it. */
function withAncestors(path: string): string[] {
  const paths = [path];
  for (let at = path; at !== ''; paths.push(at)) at = at.slice(0, at.lastIndexOf('/'));
  return paths;
}
