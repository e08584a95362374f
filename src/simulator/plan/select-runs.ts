import { closest } from 'fastest-levenshtein';
import { plainLine, UsageError } from '../../lib/index.js';
import {
  buildRunDefinition,
  type Definition,
  type ExpandedTrigger,
  type Run,
  type RunDefinition,
  type StringMap,
} from '../../schema/index.js';

interface Named {
  name: string;
}

/** One run of one trigger, as the expansion made them. */
export interface SelectedRun<T, R> {
  trigger: T;
  run: R;
}

/**
 * The runs that `run`, `trigger/run`, or a glob of either (`*`, `?`, `[a-z]`) name, in the
 * definition's order and once each. A name that exists is that run, whatever signs are in it.
 *
 * @throws UsageError naming what exists, when a pattern names nothing
 */
export function selectRuns<T extends Named & { runs: readonly Named[] }>(
  triggers: readonly T[],
  patterns: readonly string[],
): SelectedRun<T, T['runs'][number]>[] {
  const all = triggers.flatMap((trigger) => trigger.runs.map((run: T['runs'][number]) => ({ trigger, run })));
  const chosen = new Set<(typeof all)[number]>();
  const unknown: string[] = [];
  for (const pattern of patterns) {
    const named = all.filter((candidate) => namesOf(candidate).includes(pattern));
    const glob = named.length > 0 ? undefined : globToRegExp(pattern);
    const matching = glob ? all.filter((candidate) => namesOf(candidate).some((name) => glob.test(name))) : named;
    for (const candidate of matching) chosen.add(candidate);
    if (matching.length === 0) unknown.push(pattern);
  }
  if (unknown.length > 0) throw new UsageError(unknownRuns(unknown, all));
  return all.filter((candidate) => chosen.has(candidate));
}

function namesOf({ trigger, run }: SelectedRun<Named, Named>): [string, string] {
  return [run.name, `${trigger.name}/${run.name}`];
}

function globToRegExp(glob: string): RegExp {
  const source = glob.replace(
    /\[(!?)([^\]/]+)\]|[.*+?^${}()|[\]\\]/g,
    (sign, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
      if (sign === '*') return '.*';
      return sign === '?' ? '.' : `\\${sign}`;
    },
  );
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    throw new UsageError(`"${glob}" is no pattern that names runs: a range in its brackets runs backwards.`);
  }
}

const LISTED = 20;

/** The first of many names, and how many more there are. */
export function listOf(names: readonly string[]): string {
  const rest = names.length > LISTED ? `, and ${names.length - LISTED} more` : '';
  return `${names.slice(0, LISTED).map(plainLine).join(', ')}${rest}`;
}

function unknownRuns(patterns: string[], all: SelectedRun<Named, Named>[]): string {
  const wanted = patterns.map((pattern) => `"${pattern}"`).join(', ');
  if (all.length === 0) return `No run matches ${wanted}: this definition has no runs.`;
  const names = all.map((candidate) => namesOf(candidate)[1]);
  // A trigger's name may be what was meant: its runs are those of `trigger/*`.
  const named = new Map(all.flatMap(({ trigger }) => [[trigger.name, `${trigger.name}/*`] as const]));
  const runs = all.flatMap(namesOf);
  const best = closest(patterns[0] ?? '', [...runs, ...named.keys()]);
  const near = runs.includes(best) ? best : named.get(best);
  return `No run matches ${wanted}. Did you mean "${near}"? The definition has ${listOf(names)}.`;
}

/** What the server would make of one run; `error` is why it would make nothing. */
export type CreatedRundef = { trigger: string; run: string } & ({ runDefinition: RunDefinition } | { error: string });

/** The rundefs of these runs, in their order, all of one build. */
export function createRundefs(
  definition: Definition,
  selected: readonly SelectedRun<ExpandedTrigger, Run>[],
  build: { project: string; build: number; params: StringMap; secrets: StringMap },
): CreatedRundef[] {
  return selected.map(({ trigger, run }) => {
    const built = buildRunDefinition({ definition, trigger, run, ...build });
    const names = { trigger: trigger.name, run: run.name };
    return 'error' in built
      ? { ...names, error: built.error }
      : { ...names, runDefinition: { ...built, simulator: true } };
  });
}
