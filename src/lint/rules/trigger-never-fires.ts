import { type CheckContext, calledTrigger, type TriggerView } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { allReferences, type LinkedRun, linksOf, nameBy, type Reference, refusedChains } from '../triggers.js';

/** How many references are followed. */
const MAX_FOLLOWED = 50_000;

/*
 * api/run.py `_handle_triggers`: a run's own `triggers` are found by the name of the run as the trigger has it;
 * `_handle_build_complete` gets the trigger of the run that was the last to end, and reads the params of the build,
 * which trigger.py `trigger_build` stored only where the trigger of the build has `triggers` itself.
 */
export const triggerNeverFires: RuleCheck = {
  id: 'trigger-never-fires',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    // Another rule reports a chain that is too long.
    if (refusedChains(context).length > 0) return;
    const renamed = new Set<string>();
    yield* unsavedParams(context);
    for (const [view, { runs, references }] of linksOf(context)) {
      const starting = runs.filter((run) => run.references.some((reference) => startsRuns(context, reference)));
      yield* lostLists(context, view, runs, starting);
      for (const reference of [...references, ...runs.flatMap((run) => run.references)]) {
        if (renamed.has(reference.path)) continue;
        renamed.add(reference.path);
        yield* lostByRenaming(context, reference);
      }
    }
  },
};

function startsRuns(context: CheckContext, { to }: Reference): boolean {
  return to !== undefined && (linksOf(context).get(to)?.runs.length ?? 0) > 0;
}

/** The list of a trigger whose own runs are not the last ones of the build. */
function* lostLists(
  context: CheckContext,
  view: TriggerView,
  runs: LinkedRun[],
  starting: LinkedRun[],
): Generator<Finding> {
  const list = linksOf(context).get(view)?.references ?? [];
  const [first] = starting;
  if (first === undefined) return;
  // By the trigger that is started: who starts it, and what it starts when the build is complete.
  const others = new Map(
    starting
      .flatMap((run) => run.references)
      .map((by) => {
        const lists = (by.to && linksOf(context).get(by.to)?.references) ?? [];
        return [by.to, { by, names: new Set(lists.map(({ name }) => name)) }];
      }),
  );
  others.delete(undefined);
  for (const { path, name, to } of list) {
    if (to === undefined) continue;
    const without = [...others.values()].find(({ names }) => !names.has(name));
    if (without === undefined) continue;
    const { by } = without;
    const never = starting.length === runs.length;
    yield {
      path: `${path}/name`,
      message: never
        ? `\`${name}\` is never started: the last run of the build belongs to \`${by.name}\`, and the server looks there only.`
        : `\`${name}\` is started only when a run of this trigger is the last to end, and not one of \`${by.name}\`.`,
      help: `Write the same entry under \`triggers\` of \`${by.name}\` too.`,
      related: [{ path: `${by.path}/name`, message: `starts \`${by.name}\`` }],
    };
  }
}

/**
 * Lists of triggers that runs start, in builds whose params were not stored. A `simple` trigger that others start is
 * assumed to begin no build.
 */
function* unsavedParams(context: CheckContext): Generator<Finding> {
  const links = linksOf(context);
  const started = new Set([...allReferences(context)].map(({ to }) => to));
  const reported = new Set<TriggerView>();
  let left = MAX_FOLLOWED;
  for (const [view, { references: list }] of links) {
    if (list.length > 0 || (started.has(view) && view.trigger.type === 'simple')) continue;
    const queue = new Set([view]);
    for (const from of queue) {
      for (const { path, to } of links.get(from)?.runs.flatMap((run) => run.references) ?? []) {
        if (left-- <= 0) return;
        if (to === undefined || queue.has(to)) continue;
        queue.add(to);
        if (reported.has(to) || links.get(to)?.references.length === 0) continue;
        reported.add(to);
        yield unsaved(view, to, path);
      }
    }
  }
}

function unsaved(view: TriggerView, to: TriggerView, path: string): Finding {
  const first = calledTrigger(view);
  return {
    path: `${to.path}/triggers`,
    at: 'key',
    severity: 'error',
    server: 'fails',
    message: `In a build of ${first} the server cannot start these: it stored no params, because ${first} has no \`triggers\` of its own.`,
    help: `Write the same \`triggers\` at ${first}, too.`,
    related: [{ path: `${path}/name`, message: `${calledTrigger(to)} is started here` }],
  };
}

/** What the runs of a trigger would start under their own names. */
function* lostByRenaming(context: CheckContext, reference: Reference): Generator<Finding> {
  const { path, to, name } = reference;
  const runs = (to && linksOf(context).get(to)?.runs) ?? [];
  const lost = runs.find(
    (run) => run.references.length > 0 && ![run.name, undefined].includes(nameBy(reference, run.name)),
  );
  if (lost === undefined) return;
  yield {
    path: `${path}/run-names`,
    message: `With these names the server no longer finds what the runs of \`${name}\` start by themselves, and never starts it.`,
    help: `Start it from \`triggers\` of \`${name}\` as a whole, or leave the names as they are.`,
    related: [{ path: `${lost.path}/triggers`, at: 'key', message: 'never started' }],
  };
}
