import { asList, asObject, asText, valueAt } from '../../schema/values.js';
import { nameFaults } from '../build-walk.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Finding, Rule } from '../rule.js';
import { allReferences, nameBy } from './references-to-triggers.js';

/** Rules about names. */

export const nameLength: Rule = {
  id: 'name-length',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-run',
  summary: 'A trigger has a name of more than 80 characters, or a run one of 80 or more after its loop is expanded.',
  explain: {
    why: 'The server keeps names in columns of 80 characters. It refuses a trigger whose name is longer, and a run whose name has 80 characters or more once the values of its loop are filled in. A name that `run-names` makes longer than 80 characters gets through, and fails the build when the run is to be started.',
    bad: `${ONE_RUN}      - name: build-of-the-bootloader-the-kernel-and-the-root-file-system-with-every-optional-feature
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-all-features
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    const { document, faults, problems } = context;
    for (const fault of faults) {
      if (fault.kind !== 'too-long') continue;
      const name = valueAt(document.value, fault.path);
      const message = `The name of a trigger has at most ${fault.limit} characters; this has ${[...String(name)].length}.`;
      yield { path: fault.path, message };
    }
    for (const { kind, path, message } of problems) if (kind === 'name-length') yield { path, message };
    for (const { kind, reference, name, run } of nameFaults(context)) {
      // Without run-names it is the run's own name, of which is told there.
      if (kind !== 'too-long' || reference.runNames === undefined) continue;
      const message = `This calls a run \`${name}\`, ${[...name].length} characters; the server's database takes 80 and fails.`;
      const related = [{ path: `${run}/name`, message: 'the run that is started' }];
      yield { path: `${reference.path}/run-names`, message, related, server: 'fails' };
    }
  },
};

export const badPlaceholder: Rule = {
  id: 'bad-placeholder',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-run',
  summary: 'A name has braces that the server cannot fill in.',
  explain: {
    why: "In a run with a loop the name, and the names in its `triggers`, go through Python's `str.format`: `{loop}` becomes the values of the loop, and any other brace is an error that makes the server refuse the definition. A brace as such is written twice. `run-names` goes through it when its runs are started, with `{name}` for the name that each of them has; what cannot be filled in then fails the build. Without a loop the name of a run is taken as it stands.",
    bad: `${ONE_RUN}      - name: build-{board}-{loop}
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
    for (const { kind, path, message } of context.problems) {
      if (kind === 'placeholder') yield { path, message, help: `${LOOP_HELP} ${BRACE_HELP}` };
    }
    yield* loopless(context);
    yield* unfilledRunNames(context);
  },
};

const LOOP_HELP = 'Write `{loop}` for the values of the loop.';
const BRACE_HELP = 'A brace as such is `{{` or `}}`.';

/** project.py `_expand_run_loops`: without a loop there is no formatting, and the name is what is written. */
function* loopless(context: CheckContext): Generator<Finding> {
  for (const { path, run } of context.runs) {
    const name = asText(run['name']);
    if (!name?.includes('{loop}') || !context.isSound(`${path}/loop-on`) || context.isMisspelt(path, 'loop-on'))
      continue;
    if ((asList(run['loop-on'])?.length ?? 0) > 0) continue;
    yield {
      path: `${path}/name`,
      severity: 'warning',
      server: 'misbehaves',
      message: `This run has no loop; it will be called \`${name}\`, braces and all.`,
      help: 'Add `loop-on`, or remove `{loop}`.',
    };
  }
}

/** trigger.py `trigger_runs` fills in `{name}` when the runs are started, and fails where it cannot. */
function* unfilledRunNames(context: CheckContext): Generator<Finding> {
  const seen = new Set<string>();
  for (const reference of allReferences(context)) {
    if (seen.has(reference.path) || nameBy(reference, 'name') !== undefined) continue;
    seen.add(reference.path);
    yield {
      path: `${reference.path}/run-names`,
      server: 'fails',
      message: `\`${reference.runNames}\` cannot be filled in: only \`{name}\`, and \`{loop}\` in a run with a loop, can stand in braces here.`,
      help: BRACE_HELP,
    };
  }
}

/*
 * flask.py `_reject_relative_paths` answers 400 to any path with `..` in it. The routes of api/run.py have `<run>`, one
 * segment of a path that is not empty; url_for writes a slash as it is, so that a POST finds no route.
 */
export const runNameSlash: Rule = {
  id: 'run-name-slash',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-run',
  summary: 'A run has a name that cannot be a part of its URL: with `/` or `..` in it, or none at all.',
  explain: {
    why: 'The worker reports to a URL in which the name of the run is one segment. With a slash in the name it is two, with `..` the server turns the request down, and an empty one vanishes: no report arrives, and the run is never complete: the server takes it for lost and hands it out again.',
    bad: `${ONE_RUN}      - name: build/{loop}
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
    const seen = new Set<string>();
    for (const items of context.expanded.values()) {
      for (const { run, path } of items) {
        if (seen.has(path) || isUrlSegment(run.name)) continue;
        seen.add(path);
        yield slashFinding(culprit(context, path, run.name), run.name);
      }
    }
    for (const reference of allReferences(context)) {
      const name = nameBy(reference, 'name');
      if (seen.has(reference.path) || name === undefined || isUrlSegment(name)) continue;
      seen.add(reference.path);
      yield slashFinding(`${reference.path}/run-names`, reference.runNames ?? '');
    }
  },
};

/** Whether a name can be one segment of the URL that a worker reports to. */
export function isUrlSegment(name: string): boolean {
  return name !== '' && name !== '.' && !name.includes('/') && !name.includes('..');
}

function slashFinding(path: string, name: string): Finding {
  const message =
    name === ''
      ? 'A run needs a name; the worker cannot report what has no URL.'
      : `\`${name}\` cannot be a part of a URL; the worker cannot report for a run of this name.`;
  return { path, message, help: 'Use another character, such as `-`.' };
}

/** The value of a loop, where the name as written would do. */
function culprit(context: CheckContext, path: string, name: string): string {
  const run = asObject(valueAt(context.document.value, path));
  if (name === '' || !isUrlSegment(asText(run?.['name']) ?? '')) return `${path}/name`;
  for (const [i, loop] of (asList(run?.['loop-on']) ?? []).entries()) {
    const values = asList(asObject(loop)?.['values']) ?? [];
    const at = values.findIndex((value) => typeof value === 'string' && value !== '' && !isUrlSegment(value));
    if (at >= 0) return `${path}/loop-on/${i}/values/${at}`;
  }
  return `${path}/name`;
}
