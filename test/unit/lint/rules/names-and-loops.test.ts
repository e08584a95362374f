import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, findings, otherRun, otherTrigger, summary } from './findings.js';

const loop = (param: string, ...values: string[]) => `  - param: ${param}\n    values: [${values.join(', ')}]\n`;
/** A run called `name` with these loops. */
const looped = (name: string, loops: string, more = '') =>
  definition({ run: `loop-on:\n${loops}${more}` }).replace('name: build', `name: ${name}`);

describe('what else is wrong with a run', () => {
  it('a param of another type does not hide a bad name', () => {
    const text = looped('test-{board}', loop('A', 'x'), 'params: { B: 3.10, C: [x], D: }');
    expect(summary(text)).toEqual([
      'bad-placeholder 6:15 test-{board}',
      'yaml11-type 13:22 3.10',
      'wrong-type 13:31 [x]',
      'null-value 13:36 D',
    ]);
  });

  it('nor does a value of its loop', () => {
    expect(summary(looped('test-{board}', loop('A', '3.1', '3.10', 'x')))).toEqual([
      'bad-placeholder 6:15 test-{board}',
      'yaml11-type 12:22 3.1',
      'yaml11-type 12:27 3.10',
    ]);
    expect(summary(looped('test', loop('A', '1', 'x')))).toEqual([
      'duplicate-run-name 6:15 test',
      'yaml11-type 12:22 1',
    ]);
  });

  it.each(['[x]', '[{ param: A }]', '[{ values: [x] }]', '[{ param: A, values: [[x]] }]', 'x'])(
    'a loop %s is told by itself',
    (loops) => {
      const text = definition({ run: `loop-on: ${loops}` });
      const rules = findings(text).map(({ rule }) => rule);
      expect(new Set(rules)).toEqual(
        new Set([loops.includes('param') !== loops.includes('values') ? 'missing-key' : 'wrong-type']),
      );
    },
  );

  it.each(['params: 3', 'params: [A]', 'params: 1.5', 'params:'])('nor do %s', (params) => {
    expect(summary(looped('test-{board}', loop('A', 'x'), params))[0]).toBe('bad-placeholder 6:15 test-{board}');
  });
});

describe('duplicate-run-name', () => {
  it.each([
    ['a loop whose name lacks {loop}', looped('build', loop('A', 'x', 'y')), 'duplicate-run-name 6:15 build'],
    ['a value that is there twice', looped('b-{loop}', loop('A', 'x', 'y', 'x')), 'duplicate-run-name 12:28 x'],
    [
      'values that join to one name',
      looped('b-{loop}', loop('A', 'a-b', 'a') + loop('B', 'c', 'b-c')),
      'duplicate-run-name 6:15 b-{loop}',
    ],
  ])('%s', (_, text, place) => {
    expect(summary(text)).toEqual([place]);
    expect(findings(text)).toMatchObject([{ severity: 'error', server: 'fails' }]);
    expect(check(text).accepted).toBe(true);
  });

  it('two runs, with the first one related', () => {
    const text = definition().replace('scripts:', `${otherRun('build').replaceAll(/^(?=.)/gm, '      ')}scripts:`);
    expect(summary(text)).toEqual(['duplicate-run-name 10:15 build']);
    expect(findings(text)[0]?.related).toMatchObject([{ line: 6, column: 15 }]);
  });

  it('a run and one of a loop', () => {
    const run = otherRun('b-{loop}', `loop-on:\n${loop('A', 'x', 'y')}`).replaceAll(/^(?=.)/gm, '      ');
    const text = definition().replace('name: build', 'name: b-y').replace('scripts:', `${run}scripts:`);
    expect(summary(text)).toEqual(['duplicate-run-name 10:15 b-{loop}']);
  });

  it('runs of two triggers may have one name', () => {
    expect(summary(definition({ triggers: otherTrigger('other', otherRun('build')) }))).toEqual([]);
  });

  it('a loop of one value needs no {loop}', () => {
    expect(summary(looped('build', loop('A', 'x')))).toEqual([]);
  });

  it('is found in a run with another mistake, too', () => {
    expect(summary(looped('build', loop('A', 'x', 'y'), 'privilged: true\n'))).toEqual([
      'duplicate-run-name 6:15 build',
      'unknown-key 13:9 privilged',
    ]);
  });

  it('is no consequence of a misspelt loop-on', () => {
    expect(summary(looped('b-{loop}', loop('A', 'x', 'y')).replace('loop-on', 'loop_on'))).toEqual([
      'unknown-key 10:9 loop_on',
    ]);
  });
});

describe('triggered-run-collision', () => {
  const starting = (reference: string, more = '') => `triggers:\n  - ${reference}\n${more}`;
  const FLASH = otherTrigger('flash', otherRun('on-board'));
  const boards = (reference: string) => ({
    run: `loop-on:\n${loop('A', 'x', 'y')}${starting(reference)}`,
    triggers: FLASH,
  });
  const each = (reference: string) => definition(boards(reference)).replace('name: build', 'name: b-{loop}');

  it.each([
    ['a loop that starts one run again and again', each('name: flash'), 'triggered-run-collision 14:19 flash'],
    [
      'names without {loop}',
      each('{ name: flash, run-names: "{name}-2" }'),
      'triggered-run-collision 14:39 "{name}-2"',
    ],
    [
      'a name that the build has',
      definition({ run: starting('name: flash'), triggers: otherTrigger('flash', otherRun('build')) }),
      'triggered-run-collision 11:19 flash',
    ],
    [
      'one name for all',
      definition({
        run: starting('{ name: flash, run-names: test }'),
        triggers: FLASH + otherRun('two').replaceAll(/^(?=.)/gm, '    '),
      }),
      'triggered-run-collision 11:39 test',
    ],
    [
      'when the build is complete',
      definition({ trigger: starting('name: flash'), triggers: otherTrigger('flash', otherRun('build')) }),
      'triggered-run-collision 6:15 flash',
    ],
  ])('%s', (_, text, place) => {
    expect(summary(text)).toEqual([place]);
    expect(findings(text)).toMatchObject([{ severity: 'error', server: 'fails' }]);
    expect(check(text).accepted).toBe(true);
  });

  it.each([
    ['names with {loop}', each('{ name: flash, run-names: "{name}-{loop}" }')],
    ['other names', definition({ run: starting('name: flash'), triggers: FLASH })],
    [
      'a list that stands at both triggers is started once',
      definition({
        run: starting('name: flash'),
        trigger: starting('name: end'),
        triggers:
          otherTrigger('flash', otherRun('on-board'), starting('name: end')) + otherTrigger('end', otherRun('end')),
      }),
    ],
  ])('not %s', (_, text) => {
    expect(summary(text)).toEqual([]);
  });

  it('is no consequence of runs with one name, or of a circle', () => {
    expect(summary(definition(boards('name: flash')))).toEqual(['duplicate-run-name 6:15 build']);
    expect(summary(definition({ trigger: starting('name: main') }))).toEqual(['trigger-recursion 6:15 main']);
  });
});

describe('bad-placeholder', () => {
  it('braces in the name of a run with a loop', () => {
    expect(summary(looped('b-{board}', loop('A', 'x')))).toEqual(['bad-placeholder 6:15 b-{board}']);
  });

  it('{loop} without a loop is taken as it stands', () => {
    const text = definition().replace('name: build', 'name: b-{loop}');
    expect(findings(text)).toMatchObject([
      { rule: 'bad-placeholder', severity: 'warning', server: 'misbehaves', line: 6 },
    ]);
    expect(check(text).accepted).toBe(true);
    expect(summary(definition({ run: 'loop-on: []' }).replace('name: build', 'name: b-{loop}'))).toEqual([
      'bad-placeholder 6:15 b-{loop}',
    ]);
  });

  it.each(['{name}-{loop}', '{}', '{0}', '{name', 'x}', '{name.y}'])(
    'run-names %s without a loop fails when its runs start',
    (names) => {
      const text = definition({
        run: `triggers: [{ name: next, run-names: "${names}" }]`,
        triggers: otherTrigger('next', otherRun('n')),
      });
      expect(findings(text)).toMatchObject([
        { rule: 'bad-placeholder', severity: 'error', server: 'fails', line: 10, column: 45 },
      ]);
      expect(check(text).accepted).toBe(true);
    },
  );

  it.each(['{name}-x', '{name!s:>5}', '{{name}}-{name}', 'fixed', ''])('run-names %s', (names) => {
    const text = definition({
      run: `triggers: [{ name: next, run-names: "${names}" }]`,
      triggers: otherTrigger('next', otherRun('n')),
    });
    expect(summary(text)).toEqual([]);
  });
});

describe('run-name-slash', () => {
  it.each([
    ['a/b', 'run-name-slash 6:15 a/b'],
    ['a..b', 'run-name-slash 6:15 a..b'],
    ['""', 'run-name-slash 6:15 ""'],
  ])('a run called %s', (name, place) => {
    const text = definition().replace('name: build', `name: ${name}`);
    expect(summary(text)).toEqual([place]);
    expect(findings(text)).toMatchObject([{ severity: 'error', server: 'fails' }]);
  });

  it('a value of its loop', () => {
    expect(summary(looped('b-{loop}', loop('A', 'x', 'boards/y')))).toEqual(['run-name-slash 12:25 boards/y']);
  });

  it('the names that a reference gives', () => {
    const text = definition({
      run: 'triggers: [{ name: next, run-names: "{name}/x" }]',
      triggers: otherTrigger('next', otherRun('n')),
    });
    expect(summary(text)).toEqual(['run-name-slash 10:45 "{name}/x"']);
  });

  it.each(['a.b', 'a b', 'ä', 'a%2Fb', 'a?b#c'])('%s can be a part of a URL', (name) => {
    expect(summary(definition().replace('name: build', `name: "${name}"`))).toEqual([]);
  });
});

describe('name-length', () => {
  it('a name that run-names makes too long for the database', () => {
    const names = `{name}-${'x'.repeat(78)}`;
    const text = definition({
      run: `triggers: [{ name: next, run-names: "${names}" }]`,
      triggers: otherTrigger('next', otherRun('abc')),
    });
    expect(findings(text)).toMatchObject([{ rule: 'name-length', server: 'fails', line: 10 }]);
    expect(summary(text.replace('xxxx', ''))).toEqual([]);
  });

  it('a name of its own that is too long is told of once, and not where it is started', () => {
    const run = otherRun('x'.repeat(81));
    const text = definition({ run: 'triggers: [{ name: next }]', triggers: otherTrigger('next', run) });
    expect(summary(text)).toEqual([`name-length 14:15 ${'x'.repeat(81)}`]);
  });
});

describe('loops', () => {
  it('a loop without values makes no run', () => {
    const text = looped('b-{loop}', loop('A', 'x') + loop('B'));
    expect(summary(text)).toEqual(['loop-empty 14:21 []']);
    expect(check(text)).toMatchObject({ accepted: true, diagnostics: [{ server: 'misbehaves' }] });
  });

  it('a param that two loops set', () => {
    const text = looped('b-{loop}', loop('A', 'x', 'y') + loop('A', 'z'));
    expect(summary(text)).toEqual(['loop-repeated-param 13:20 A']);
    expect(findings(text)[0]?.related).toMatchObject([{ line: 11, column: 20 }]);
  });

  it('a param of the run that its loop sets', () => {
    expect(summary(looped('b-{loop}', loop('A', 'x', 'y'), 'params: { A: z, B: z }\n'))).toEqual([
      'loop-repeated-param 13:22 z',
    ]);
  });

  it('a host-tag beside a loop over host-tag', () => {
    const text = looped('b-{loop}', loop('host-tag', 'amd64', 'arm64')).replace(
      'script: build',
      'script: build\n        host-tag: x',
    );
    expect(summary(text)).toEqual(['host-tag-shadowed 9:19 x']);
    expect(findings(text)[0]?.related).toMatchObject([{ line: 11 }]);
  });

  it('a loop over host-tag alone', () => {
    expect(summary(looped('b-{loop}', loop('host-tag', 'amd64', 'arm64')))).toEqual([]);
  });
});
