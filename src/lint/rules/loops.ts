import type { YamlObject } from '../../python/yaml/load.js';
import { asList, asObject, asText, childPath } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Rule } from '../rule.js';

/** Rules about `loop-on`. The facts: `_expand_run_loops` in the server's project.py. */

export const loopSize: Rule = {
  id: 'loop-size',
  severity: 'error',
  server: 'rejects',
  summary: 'Loops make so many runs that the server gives up on them.',
  explain: {
    why: 'A loop makes one run of each combination of its values, so that a few lists of some dozen values each are millions of runs. A server would be busy with them for minutes, and no queue takes them in.',
    bad: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - { param: A, values: &digits ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] }
          - { param: B, values: *digits }
          - { param: C, values: *digits }
          - { param: D, values: *digits }
          - { param: E, values: *digits }
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - { param: A, values: &digits ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] }
          - { param: B, values: *digits }
        script: build
${SCRIPTS}`,
  },
  *check({ problems }) {
    for (const { kind, path, message } of problems) {
      if (kind === 'loop-size') yield { path, at: 'key', message, help: 'Loop over fewer values.' };
    }
  },
};

export const loopEmpty: Rule = {
  id: 'loop-empty',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A loop has no values, so that there is no run.',
  explain: {
    why: 'The server makes one run of each combination of the values. Without a value there is no combination: the run vanishes without a word, whatever the other loops of it say.',
    bad: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: []
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, run } of context.runs) {
      for (const { values, at } of loopsOf(context, path, run)) {
        if (values.length > 0) continue;
        const message = 'This loop has no values, so that the server makes no run of it.';
        yield { path: `${at}/values`, message, help: 'Give it a value, or remove the run.' };
        break;
      }
    }
  },
};

export const loopRepeatedParam: Rule = {
  id: 'loop-repeated-param',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A param of a loop is set a second time in the same run; only one of the values counts.',
  explain: {
    why: 'Each loop sets its param in the runs that it makes. Where two loops of a run have the same param the later one wins, so that the server makes runs that differ in their names only. A value in the `params` of the same run never counts either: the loop comes after it.',
    bad: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
          - param: BOARD
            values: [debug, release]
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52, stm32]
          - param: MODE
            values: [debug, release]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, run } of context.runs) {
      const first = new Map<string, string>();
      const params = asObject(run['params']);
      for (const { param, at } of loopsOf(context, path, run)) {
        const other = first.get(param);
        if (other !== undefined) {
          const message = `A loop of this run sets \`${param}\` already; the values of that one never count.`;
          yield { path: `${at}/param`, message, related: [{ path: `${other}/param`, message: 'the first one' }] };
        } else if (params && param !== 'host-tag' && param in params) {
          const message = `The loop sets \`${param}\` in each of its runs; this value never counts.`;
          const related = [{ path: `${at}/param`, message: 'the loop' }];
          yield { path: childPath(`${path}/params`, param), message, help: 'Remove one of the two.', related };
        }
        if (other === undefined) first.set(param, at);
      }
    }
  },
};

export const hostTagShadowed: Rule = {
  id: 'host-tag-shadowed',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A run has a `host-tag` beside a loop over `host-tag`: the loop wins.',
  explain: {
    why: 'A loop over the param `host-tag` sets the tag of each run that it makes. What the run itself says under `host-tag` is never used, which is easily taken for the opposite.',
    bad: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        host-tag: big-machine
        loop-on:
          - param: host-tag
            values: [amd64, arm64]
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build-{loop}
        container: alpine:3.20
        loop-on:
          - param: host-tag
            values: [amd64, arm64]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, run } of context.runs) {
      if (asText(run['host-tag']) === undefined) continue;
      const loop = loopsOf(context, path, run).find(({ param }) => param === 'host-tag');
      if (loop === undefined) continue;
      yield {
        path: `${path}/host-tag`,
        message: `The loop sets the host-tag of each of its runs; this one is never used.`,
        help: 'Remove it.',
        related: [{ path: `${loop.at}/param`, message: 'the loop' }],
      };
    }
  },
};

/** The loops of a run, if they are of a good shape. */
function loopsOf(context: CheckContext, path: string, run: YamlObject) {
  if (!context.isSound(`${path}/loop-on`)) return [];
  return (asList(run['loop-on']) ?? []).flatMap((item, i) => {
    const param = asText(asObject(item)?.['param']);
    const values = asList(asObject(item)?.['values']);
    return param === undefined || values === undefined ? [] : [{ param, values, at: `${path}/loop-on/${i}` }];
  });
}
