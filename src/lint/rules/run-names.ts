import type { YamlValue } from '../../python/yaml/load.js';
import { asList, asObject, asText, valueAt } from '../../schema/values.js';
import { nameFaults } from '../build-walk.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Finding, Rule } from '../rule.js';

/** Rules about the names of the runs of one build. */

/*
 * trigger.py `trigger_runs`: the second run of a name is an error before any run of the build is committed. models.py
 * has the same as a constraint of the table.
 */
export const duplicateRunName: Rule = {
  id: 'duplicate-run-name',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-build',
  summary: 'Two runs of a trigger have one name, or a loop whose name lacks `{loop}` makes several of one name.',
  explain: {
    why: 'A build cannot have two runs of one name. The server accepts the definition, and then fails each build of the trigger before any of its runs has started.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const items of context.expanded.values()) {
      const first = new Map<string, string>();
      const reported = new Set<string>();
      for (const { run, path } of items) {
        const other = first.get(run.name);
        if (other === undefined) first.set(run.name, path);
        else if (!reported.has(path)) {
          reported.add(path);
          yield other === path ? loopFinding(context, path, run.name) : pairFinding(path, other, run.name);
        }
      }
    }
  },
};

function pairFinding(path: string, other: string, name: string): Finding {
  return {
    path: `${path}/name`,
    message: `There is a run \`${name}\` in this trigger already; the server fails the build.`,
    related: [{ path: `${other}/name`, message: 'the first one' }],
  };
}

/** Two runs of one loop have the same name: for want of `{loop}`, or because a value is there twice. */
function loopFinding(context: CheckContext, path: string, name: string): Finding {
  const run = asObject(valueAt(context.document.value, path));
  const written = asText(run?.['name']) ?? '';
  const again = written.includes('{loop') ? repeatedValue(run?.['loop-on']) : undefined;
  if (again) {
    return {
      path: `${path}/loop-on/${again.loop}/values/${again.second}`,
      message: `\`${again.value}\` is in this loop twice: it makes two runs called \`${name}\`, and the server fails the build.`,
      help: 'Remove one of the two.',
      related: [{ path: `${path}/loop-on/${again.loop}/values/${again.first}`, message: 'the first one' }],
    };
  }
  const message = `This loop makes several runs called \`${name}\`; the server fails the build.`;
  const help = written.includes('{loop')
    ? 'Joined with `-`, different values give the same name; choose values that do not.'
    : `Put the values into the name: \`${written}-{loop}\`.`;
  return { path: `${path}/name`, message, help };
}

function repeatedValue(loops: YamlValue | undefined) {
  for (const [loop, item] of (asList(loops) ?? []).entries()) {
    const first = new Map<unknown, number>();
    for (const [second, value] of (asList(asObject(item)?.['values']) ?? []).entries()) {
      const before = first.get(value);
      if (before !== undefined) return { loop, first: before, second, value: String(value) };
      first.set(value, second);
    }
  }
  return undefined;
}

/*
 * trigger.py `trigger_runs` raises when the build has a run of the name; api/run.py `_handle_triggers` then fails the
 * run that has just passed.
 */
export const triggeredRunCollision: Rule = {
  id: 'triggered-run-collision',
  severity: 'error',
  server: 'fails',
  summary: 'A run that `triggers` starts has a name that the build has already.',
  explain: {
    why: 'Runs that are started by `triggers` become runs of the same build, in which every name is there once. When the name is taken, the server does not start the run and fails the build: the run that should have started it counts as failed, although it has passed. `run-names` gives the new runs names of their own.',
    bad: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
        script: build
        triggers:
          - name: flash
  - name: flash
    type: simple
    runs:
      - name: on-board
        container: alpine:3.20
        host-tag: flasher
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
        script: build
        triggers:
          - name: flash
            run-names: "{name}-{loop}"
  - name: flash
    type: simple
    runs:
      - name: on-board
        container: alpine:3.20
        host-tag: flasher
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { kind, reference, name, run, holder } of nameFaults(context)) {
      if (kind !== 'taken') continue;
      const key = reference.runNames === undefined ? 'name' : 'run-names';
      const same = run === holder;
      const message = same
        ? `This starts \`${name}\` of \`${reference.name}\` more than once; the server fails the build at the second.`
        : `This starts a run \`${name}\`, and the build has one already; the server fails the build.`;
      const related = same
        ? [{ path: `${run}/name`, message: 'what is started' }]
        : [
            { path: `${holder}/name`, message: 'the build has this one' },
            { path: `${run}/name`, message: 'what is started' },
          ];
      const help = looped(context, reference.path)
        ? 'Give them names of their own: `run-names: "{name}-{loop}"`.'
        : 'Give the new runs names of their own with `run-names`, in which `{name}` stands for the name that they have.';
      yield { path: `${reference.path}/${key}`, message, help, related };
    }
  },
};

/** Whether a reference stands in a run with a loop. */
function looped(context: CheckContext, reference: string): boolean {
  const run = asObject(valueAt(context.document.value, reference.replace(/\/triggers\/\d+$/, '')));
  return (asList(run?.['loop-on'])?.length ?? 0) > 0;
}
