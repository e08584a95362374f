import { FormatError, pythonFormat, pythonLength } from '../python/index.js';
import type { Definition, Run, StringMap, Trigger, TriggerReference } from './model.js';

/** A trigger with the runs that a build of it has, in the server's order. */
export type ExpandedTrigger = Trigger;

/** A run as written, and where: a JSON pointer. */
export interface WrittenRun {
  run: Run;
  path: string;
}

interface ExpandedRun extends WrittenRun {
  /** Of a run that a loop makes: its params are those as written and these; they are not put together yet. */
  looped?: StringMap;
}

/** Why the server cannot expand a run. */
export interface ExpansionProblem {
  kind: 'placeholder' | 'null-value' | 'name-length' | 'loop-size';
  /** JSON pointer to the text at fault. */
  path: string;
  message: string;
}

/** The server refuses a run's name of this length, in characters. */
const NAME_LIMIT = 80;
/** So much of a longer name is shown. */
const SHOWN_NAME = 200;
/** More runs than any server takes in; it would be busy with them for minutes. */
const MAX_RUNS = 20_000;
/** Characters in all names that are filled in: `{loop:999999}` makes a megabyte of each. */
const MAX_FILLED = 20_000_000;

/**
 * The runs of each trigger after its loops are expanded, as the server keeps them.
 *
 * @param definition one that `check` accepts
 */
export function expand(definition: Definition): ExpandedTrigger[] {
  const written = definition.triggers.map(({ runs }) => runs.map((run) => ({ run, path: '' })));
  const { lists } = expandRuns(written);
  return definition.triggers.map((trigger, i) => ({ ...trigger, runs: (lists[i] ?? []).map(withParams) }));
}

function withParams({ run, looped }: ExpandedRun): Run {
  if (looped === undefined) return run;
  const params: StringMap = Object.assign(Object.create(null), run.params, looped);
  return Object.assign(Object.create(null), run, { params });
}

/**
 * Expands the runs of each trigger. The server changes the list that it iterates over, so it skips the run
 * after one whose loop is empty; it does this twice, which expands most of the skipped runs. The rest
 * stays as written. A run with a problem is left out here; the server stops at the first.
 *
 * What a loop makes has its names and its host-tag, and the params as written: those of a thousand runs with a
 * thousand params each fill a memory, and the rules ask for none of them.
 *
 * @returns the runs of each trigger, each with the path of the run that it was made of
 */
export function expandRuns(triggers: WrittenRun[][]): { lists: ExpandedRun[][]; problems: ExpansionProblem[] } {
  const lists: ExpandedRun[][] = triggers.map((runs) => [...runs]);
  const problems = new Problems();
  for (let pass = 0; pass < 2; pass++) {
    for (const list of lists) {
      expandList(list, problems);
      for (const item of list) checkLength(item, problems);
    }
  }
  return { lists, problems: problems.list() };
}

function expandList(list: ExpandedRun[], problems: Problems): void {
  for (let i = 0; i < list.length; i++) {
    const item = list[i] as WrittenRun;
    if (!item.run['loop-on']?.length) continue;
    const place = indexOfEqual(list, item.run);
    const made = expandRun(item, problems);
    // The run itself, or one equal to it, goes: the first in the list.
    list.splice(place, 1);
    insert(list, place, made);
  }
}

/** Python's `list.index`: the first equal element, not always the element itself. */
function indexOfEqual(list: WrittenRun[], run: Run): number {
  // What a loop was expanded to has no loop, and so is equal to none that is still to be expanded.
  return list.findIndex(
    (item) => item.run === run || (item.run['loop-on'] && identityOf(item.run) === identityOf(run)),
  );
}

const identities = new WeakMap<Run, string>();

/** The same text for equal runs, whatever the order of their keys: a loop over thousands of runs asks millions of times. */
function identityOf(run: Run): string {
  let identity = identities.get(run);
  if (identity === undefined) {
    identity = JSON.stringify(run, (_, value) => {
      if (isMap(value)) return Object.entries(value).sort(byKey);
      // Somewhere in a run that the server refuses for it.
      return typeof value === 'bigint' ? String(value) : value;
    });
    identities.set(run, identity);
  }
  return identity;
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function insert(list: ExpandedRun[], place: number, made: ExpandedRun[]): void {
  const rest = list.splice(place);
  for (const item of made) list.push(item);
  for (const item of rest) list.push(item);
}

function expandRun({ run, path }: WrittenRun, problems: Problems): ExpandedRun[] {
  const loops = run['loop-on'] ?? [];
  const lists = loops.map((loop) => loop.values);
  const size = lists.reduce((product, { length }) => product * length, 1);
  if (problems.made + size > MAX_RUNS) {
    const message = `With this loop the definition has more than ${MAX_RUNS.toLocaleString('en')} runs.`;
    problems.report({ kind: 'loop-size', path: `${path}/loop-on`, message });
    return [];
  }
  problems.made += size;
  try {
    return [...combinations(lists)].map((values) => {
      const filled = fill(run, path, loops, values);
      problems.filled += lengthOfNames(filled.run);
      if (problems.filled > MAX_FILLED) throw new Fault(tooLong(path));
      return filled;
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    problems.report(error.problem);
    return [];
  }
}

function tooLong(path: string): ExpansionProblem {
  const message = `With this loop the names in the definition have more than ${MAX_FILLED.toLocaleString('en')} characters.`;
  return { kind: 'loop-size', path: `${path}/loop-on`, message };
}

function lengthOfNames({ name, triggers = [] }: Run): number {
  return triggers.reduce((sum, each) => sum + each.name.length + (each['run-names']?.length ?? 0), name.length);
}

/** The product of the lists, the last one running fastest. */
function* combinations(lists: string[][]): Generator<string[]> {
  if (lists.some((list) => list.length === 0)) return;
  const at = lists.map(() => 0);
  while (true) {
    yield at.map((index, i) => lists[i]?.[index] as string);
    let i = lists.length - 1;
    while (i >= 0 && at[i] === (lists[i]?.length ?? 0) - 1) at[i--] = 0;
    if (i < 0) return;
    at[i] = (at[i] ?? 0) + 1;
  }
}

/** One run of a loop. */
function fill(run: Run, path: string, loops: { param: string }[], values: string[]): ExpandedRun {
  values.forEach((value, i) => {
    if (value !== null) return;
    const message = 'A value of a loop is null; the name of the run cannot be made of it.';
    throw new Fault({ kind: 'null-value', path: `${path}/loop-on/${i}/values`, message });
  });
  const loop = values.join('-');
  const filled: Run = Object.assign(Object.create(null), run);
  filled.name = format(run.name, { loop }, `${path}/name`);
  delete filled['loop-on'];
  const looped: StringMap = Object.create(null);
  loops.forEach(({ param }, i) => {
    if (param === 'host-tag') filled['host-tag'] = values[i] as string;
    else looped[param] = values[i] as string;
  });
  if (run.triggers) {
    filled.triggers = run.triggers.map((reference, i) => fillReference(reference, loop, `${path}/triggers/${i}`));
  }
  return { run: filled, path, looped };
}

function fillReference(reference: TriggerReference, loop: string, path: string): TriggerReference {
  const filled: TriggerReference = Object.assign(Object.create(null), reference);
  filled.name = format(reference.name, { loop }, `${path}/name`);
  const names = reference['run-names'];
  // `{name}` stays: it is filled in when the trigger is started.
  if (names) filled['run-names'] = format(names, { loop, name: '{name}' }, `${path}/run-names`);
  return filled;
}

function format(template: string, values: Record<string, string>, path: string): string {
  try {
    return pythonFormat(template, values);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const message = `This name cannot be filled in: ${error.message}.`;
    throw new Fault({ kind: 'placeholder', path, message });
  }
}

function checkLength({ run, path }: WrittenRun, problems: Problems): void {
  // Code points are never more than code units.
  if (run.name.length < NAME_LIMIT) return;
  const length = pythonLength(run.name);
  if (length < NAME_LIMIT) return;
  const shown = run.name.length > SHOWN_NAME ? `${run.name.slice(0, SHOWN_NAME)}…` : run.name;
  const message = `The name of a run must be shorter than ${NAME_LIMIT} characters; \`${shown}\` has ${length}.`;
  problems.report({ kind: 'name-length', path: `${path}/name`, message });
}

/** What was found, and what the loops have made so far: runs, and characters of names. */
class Problems {
  made = 0;
  filled = 0;
  readonly #found = new Map<string, ExpansionProblem>();

  /** Keeps one problem of a kind at a place: a loop repeats it. */
  report(problem: ExpansionProblem): void {
    const key = `${problem.kind} ${problem.path}`;
    if (!this.#found.has(key)) this.#found.set(key, problem);
  }

  list(): ExpansionProblem[] {
    return [...this.#found.values()];
  }
}

class Fault extends Error {
  readonly problem: ExpansionProblem;

  constructor(problem: ExpansionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}
