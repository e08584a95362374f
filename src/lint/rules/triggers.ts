import { type Chain, firstByName, refusedChains, type Step } from '../chains.js';
import type { CheckContext } from '../context.js';
import { SCRIPTS } from '../example-parts.js';
import { reference } from '../reference.js';
import type { Finding, Rule } from '../rule.js';
import { allReferences } from './references-to-triggers.js';

/** Rules about triggers that start each other. */

export const triggerRecursion: Rule = {
  id: 'trigger-recursion',
  severity: 'error',
  server: 'rejects',
  summary: 'More than three triggers start one after the other, or in a circle.',
  explain: {
    why: 'A trigger may start another one, and that a third. The server follows the names through the whole definition, and refuses a longer chain; a circle has no end at all.',
    bad: `timeout: 30
triggers:
  - name: build
    type: simple
    runs:
      - &run
        name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
    triggers: [{ name: test }]
  - name: test
    type: simple
    runs: [{ <<: *run, name: test }]
    triggers: [{ name: build }]
${SCRIPTS}`,
    good: `timeout: 30
triggers:
  - name: build
    type: simple
    runs:
      - &run
        name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
    triggers: [{ name: test }]
  - name: test
    type: simple
    runs: [{ <<: *run, name: test }]
${SCRIPTS}`,
  },
  *check(context) {
    for (const chain of refusedChains(context)) if (misled(chain) === undefined) yield finding(chain);
  },
};

function finding({ from, steps }: Chain): Finding {
  const [first, ...rest] = steps as [Step, ...Step[]];
  const names = [from.name, ...steps.map(({ name }) => name)];
  const circle = new Set(names).size < names.length;
  const others = rest.filter(({ path }, i) => path !== first.path && path !== rest[i - 1]?.path);
  return {
    path: `${first.path}/name`,
    message: `Triggers start one another ${circle ? 'in a circle' : 'too many times'}: ${names.join(' → ')}.`,
    help: circle
      ? 'Remove one of the triggers in the circle.'
      : 'The server follows at most three triggers; shorten the chain.',
    related: others.map(({ path, name }) => ({ path: `${path}/name`, message: `goes on to \`${name}\`` })),
  };
}

/** The step that leads into a chain only because its trigger is not there. */
function misled({ steps }: Chain): Step | undefined {
  return steps.slice(0, 2).find(({ to, name }) => to !== undefined && to.name !== name);
}

const TWO_TRIGGERS = `timeout: 30
triggers:
  - name: build
    type: simple
    runs:
      - &run
        name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
`;

/*
 * trigger.py `_create_triggers` asks for the trigger by name and writes into what it gets: None breaks the request by
 * which the worker reports the end of the run. The request is undone, and the run stays as it was.
 */
export const unknownTrigger: Rule = {
  id: 'unknown-trigger',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-run',
  summary: 'An entry of `triggers` names a trigger that is not there.',
  explain: {
    why: 'The server does not look at these names before it needs them. When the run or the build has passed, it stumbles over the missing trigger while the worker reports the end of the run: the report is lost, and the run stays as it is until the server gives it up, twelve hours later. Only when it checks for chains that are too long does the server follow the names beforehand; a missing one then leads it to the last trigger of the file, which may make it refuse the definition.',
    bad: `${TWO_TRIGGERS}        triggers: [{ name: tset }]
  - name: test
    type: simple
    runs: [{ <<: *run, name: test, triggers: [] }]
${SCRIPTS}`,
    good: `${TWO_TRIGGERS}        triggers: [{ name: test }]
  - name: test
    type: simple
    runs: [{ <<: *run, name: test, triggers: [] }]
${SCRIPTS}`,
  },
  *check(context) {
    const chains = refusedChains(context);
    yield* misleading(context, chains);
    // Where a trigger has no name that counts, nobody can say what names it.
    if (context.triggers.some(({ name }) => name === undefined)) return;
    const names = firstByName(context);
    const refused = new Set(chains.flatMap(({ steps }) => steps.map(({ path }) => path)));
    const seen = new Set<string>();
    for (const { path, name, to } of allReferences(context)) {
      if (to !== undefined || refused.has(path) || seen.has(path)) continue;
      seen.add(path);
      yield reference(`${path}/name`, `There is no trigger \`${name}\`.`, name, names.keys(), 'Triggers');
    }
  },
};

/** project.py `_check_trigger_depth`: a name that is not found leaves the loop's variable at the last trigger. */
function* misleading(context: CheckContext, chains: Chain[]): Generator<Finding> {
  const names = firstByName(context);
  for (const step of chains.flatMap((chain) => misled(chain) ?? [])) {
    const { path, name, to } = step;
    const message = `There is no trigger \`${name}\`; the server takes the last one, \`${to?.name}\`, in its place, and refuses the chain that comes of it.`;
    yield { ...reference(`${path}/name`, message, name, names.keys(), 'Triggers'), server: 'rejects' };
  }
}

/*
 * `get_trigger` in project.py takes the first of a name: for builds that somebody asks for, for references, and for
 * webhooks and the poller too, which pass on the name of what they found.
 */
export const duplicateTriggerName: Rule = {
  id: 'duplicate-trigger-name',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'Two triggers have one name: the server only ever builds the first.',
  explain: {
    why: 'Whatever starts a build, the server looks the trigger up by its name and takes the first that it finds. The runs of a second trigger of that name are never started; a commit that its poller finds starts the runs of the first.',
    bad: `${TWO_TRIGGERS}  - name: build
    type: simple
    runs: [{ <<: *run, name: test }]
${SCRIPTS}`,
    good: `${TWO_TRIGGERS}  - name: test
    type: simple
    runs: [{ <<: *run, name: test }]
${SCRIPTS}`,
  },
  *check(context) {
    const first = firstByName(context);
    for (const view of context.triggers) {
      const other = view.name === undefined ? undefined : first.get(view.name);
      if (other === undefined || other === view) continue;
      yield {
        path: `${view.path}/name`,
        message: `There is a trigger \`${view.name}\` already; the server never gets to this one.`,
        help: 'Give it a name of its own, or put its runs into the first.',
        related: [{ path: `${other.path}/name`, message: 'the first one' }],
      };
    }
  },
};
