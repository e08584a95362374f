import { asList, asObject, asText } from '../values.js';
import type { YamlObject } from '../yaml/load.js';
import type { CheckContext, TriggerView } from './context.js';
import type { Finding, Rule } from './rule.js';

/** Rules about triggers that start each other. */

/** One trigger names another, in its own `triggers` or in those of a run. */
interface Step {
  path: string;
  name: string;
  /** The trigger that the server goes on with; undefined when nobody can say. */
  to: TriggerView | undefined;
}

export const triggerRecursion: Rule = {
  id: 'trigger-recursion',
  severity: 'error',
  server: 'rejects',
  summary: 'More than three triggers start one after the other, or in a circle.',
  *check(context) {
    const steps = stepsOf(context);
    const reported = new Set<Step>();
    for (const from of context.triggers) {
      for (const first of steps.get(from) ?? []) {
        const chain = tooDeep(first, steps);
        if (chain === undefined || chain.some((step) => reported.has(step))) continue;
        for (const step of chain) reported.add(step);
        yield finding(from, chain);
      }
    }
  },
};

/** The server refuses when a third step follows a first one. */
function tooDeep(first: Step, steps: Map<TriggerView, Step[]>): Step[] | undefined {
  for (const second of (first.to && steps.get(first.to)) ?? []) {
    const third = second.to && steps.get(second.to)?.[0];
    if (third) return [first, second, third];
  }
  return undefined;
}

function finding(from: TriggerView, chain: Step[]): Finding {
  const [first, ...rest] = chain as [Step, ...Step[]];
  const names = [from.name, ...chain.map(({ name }) => name)];
  const circle = new Set(names).size < names.length;
  const unknown = chain.find((step) => step.to !== undefined && step.to.name !== step.name);
  const help = unknown
    ? `There is no trigger \`${unknown.name}\`; the server goes on with the last one, \`${unknown.to?.name}\`, instead.`
    : circle
      ? 'Remove one of the triggers in the circle.'
      : 'The server follows at most three triggers; shorten the chain.';
  return {
    path: `${first.path}/name`,
    message: `Triggers start one another ${circle ? 'in a circle' : 'too many times'}: ${names.join(' → ')}.`,
    help,
    related: rest.map(({ path, name }) => ({ path: `${path}/name`, message: `goes on to \`${name}\`` })),
  };
}

/**
 * The steps out of each trigger, in the server's order. A name that no trigger has leads the server to the last
 * trigger of the file; that is a conclusion to draw only where nothing else is wrong with the triggers.
 */
function stepsOf(context: CheckContext): Map<TriggerView, Step[]> {
  const { triggers } = context;
  const byName = new Map<string, TriggerView>();
  for (const trigger of triggers) {
    if (trigger.name !== undefined && !byName.has(trigger.name)) byName.set(trigger.name, trigger);
  }
  const fallback = context.isSound('/triggers') ? triggers.at(-1) : undefined;
  const read = (owner: YamlObject, path: string): Step[] => {
    const steps: Step[] = [];
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
