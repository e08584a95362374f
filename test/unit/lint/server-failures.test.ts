import { describe, expect, it } from 'vitest';
import { check, RULES, serverFailures } from '../../../src/lint/index.js';
import { expand } from '../../../src/schema/index.js';
import { definition, otherRun, otherTrigger } from './rules/findings.js';

/** What a simulation of each run would report: `trigger/run sure|unsure rule`. */
function failuresIn(text: string): string[] {
  const { definition: accepted, all } = check(text);
  if (accepted === undefined) throw new Error('rejected');
  const failures = serverFailures(accepted, all);
  return expand(accepted).flatMap(({ name, runs }) =>
    runs.flatMap((run) =>
      failures(name, run.name).map(
        ({ message, sure }) => `${name}/${run.name} ${sure ? 'sure' : 'unsure'} ${/\((.*)\)$/.exec(message)?.[1]}`,
      ),
    ),
  );
}

const FAILING = RULES.filter(({ server }) => server === 'fails');

it('there are rules of this class', () => expect(FAILING.length).toBeGreaterThan(15));

it.each(FAILING.map((rule) => [rule.id, rule] as const))(
  'a simulation of the bad example of %s says so',
  (id, rule) => {
    const { accepted } = check(rule.explain.bad, { rules: new Map(), ...rule.explain.config });
    expect(accepted).toBe(true);
    // A secret that the project lacks can only be found with a configuration, which a simulation does not read.
    if (rule.explain.config !== undefined) return;
    const found = failuresIn(rule.explain.bad);
    if (rule.simulation === 'fails-itself') expect(found).toEqual([]);
    else expect(found).toEqual(expect.arrayContaining([expect.stringContaining(` ${id}`)]));
  },
);

describe('a run that passes here and cannot pass on a server', () => {
  it.each([
    [
      'a slash in its name',
      definition({ run: 'host-tag: a' }).replace('name: build', 'name: a/b'),
      'main/a/b sure run-name-slash',
    ],
    [
      'a trigger that is not there',
      definition({ run: 'triggers: [{name: gone}]', triggers: otherTrigger('t', otherRun('x')) }),
      'main/build sure unknown-trigger',
    ],
    [
      'run-names that cannot be filled in',
      definition({ run: "triggers: [{name: t, run-names: '{x}'}]", triggers: otherTrigger('t', otherRun('x')) }),
      'main/build sure bad-placeholder',
    ],
    [
      'a script of null',
      definition({
        run: 'script: null\nscript-repo: {name: r, path: x}',
        top: 'script-repos: {r: {clone-url: "https://h/r"}}',
      }).replace('        script: build\n', ''),
      'main/build sure script-choice',
    ],
  ])('has %s', (_, text, expected) => expect(failuresIn(text)).toEqual(expect.arrayContaining([expected])));

  it('is of a build with two runs of one name, whichever of its runs', () => {
    const text = definition().replace(
      'scripts:',
      `${'      '}- name: lint\n        container: a/b:1\n        host-tag: x\n        script: build\n      - name: lint\n        container: a/b:1\n        host-tag: x\n        script: build\nscripts:`,
    );
    expect(failuresIn(text)).toContain('main/build sure duplicate-run-name');
  });
});

describe('a run that may pass on a server', () => {
  it('has the difference in its list', () => {
    expect(
      failuresIn(definition({ trigger: 'triggers: [{name: gone}]', triggers: otherTrigger('t', otherRun('x')) })),
    ).toEqual(['main/build unsure unknown-trigger']);
    expect(failuresIn(definition({ type: 'github_pr', trigger: 'params: {GH_BRANCH: null}' }))).toEqual([
      'main/build unsure null-value',
    ]);
  });

  it('has none for what only another run of its loop does', () => {
    const text = definition({ run: 'host-tag: a\nloop-on: [{param: A, values: [a/b, c]}]' }).replace(
      'name: build',
      'name: x-{loop}',
    );
    expect(failuresIn(text)).toEqual(['main/x-a/b sure run-name-slash']);
  });
});
