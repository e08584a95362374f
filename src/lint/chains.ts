import type { YamlObject } from '../python/yaml/load.js';
import { asList, asObject, asText } from '../schema/values.js';
import type { CheckContext, TriggerView } from './context.js';

/** How triggers lead to one another, as written: what the server follows when it looks for chains that are too long. */

/** One trigger names another, in its own `triggers` or in those of a run. */
export interface ChainStep {
  path: string;
  name: string;
  /** The trigger that the server goes on with; undefined when nobody can say. */
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
 * trigger of the file; that is a conclusion to draw only where nothing else is wrong with the triggers.
 */
function stepsOf(context: CheckContext): Map<TriggerView, ChainStep[]> {
  const { triggers } = context;
  const byName = firstByName(context);
  const fallback = context.isSound('/triggers') ? triggers.at(-1) : undefined;
  const read = (owner: YamlObject, path: string): ChainStep[] => {
    const steps: ChainStep[] = [];
    for (const [i, value] of (asList(owner['triggers']) ?? []).entries()) {
      const name = asText(asObject(value)?.['name']);
      if (name !== undefined) steps.push({ path: `${path}/triggers/${i}`, name, to: byName.get(name) ?? fallback });
    }
    return steps;
  };
  return new Map(
    triggers.map((trigger) => [
      trigger,
      [...trigger.runs.flatMap(({ run, path }) => read(run, path)), ...read(trigger.trigger, trigger.path)],
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
