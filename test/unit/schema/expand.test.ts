import { describe, expect, it } from 'vitest';
import { check } from '../../../src/lint/index.js';
import { type Definition, expand, expandRuns, type Run } from '../../../src/schema/index.js';

type Loop = NonNullable<Run['loop-on']>[number];
const loop = (param: string, ...values: string[]): Loop => ({ param, values });
const run = (name: string, loops?: Loop[], more: Partial<Run> = {}): Run => ({
  name,
  container: 'c',
  'host-tag': 'h',
  script: 's',
  ...(loops && { 'loop-on': loops }),
  ...more,
});

/** The runs of one trigger. */
function runsOf(...runs: Run[]): Run[] {
  const definition: Definition = { timeout: 1, triggers: [{ name: 't', type: 'simple', runs }] };
  return expand(definition)[0]?.runs ?? [];
}
const namesOf = (...runs: Run[]) => runsOf(...runs).map(({ name }) => name);
const problemsOf = (...runs: Run[]) => {
  const { problems } = expandRuns([runs.map((one, i) => ({ run: one, path: `/r/${i}` }))]);
  return problems.map(({ kind, path }) => `${kind} ${path}`);
};

describe('a loop', () => {
  it('makes one run of each combination, the last list running fastest', () => {
    expect(namesOf(run('b-{loop}', [loop('A', 'x', 'y'), loop('B', '1', '2')]))).toEqual([
      'b-x-1',
      'b-x-2',
      'b-y-1',
      'b-y-2',
    ]);
  });

  it('sets its params, over those of the run; host-tag is set as such', () => {
    const [made] = runsOf(
      run('b', [loop('A', 'x'), loop('host-tag', 'arm'), loop('A', 'z')], { params: { A: 'a', K: 'k' } }),
    );
    expect(made).toMatchObject({ 'host-tag': 'arm', params: { A: 'z', K: 'k' } });
    expect(made).not.toHaveProperty('loop-on');
  });

  it('fills in the names of the triggers of its runs, and leaves {name} for later', () => {
    const triggers = [
      { name: 't-{loop}', 'run-names': '{name}-{loop}-{{name}}' },
      { name: 'u', 'run-names': '' },
    ];
    expect(runsOf(run('b', [loop('A', 'x')], { triggers }))[0]?.triggers).toEqual([
      { name: 't-x', 'run-names': '{name}-x-{name}' },
      { name: 'u', 'run-names': '' },
    ]);
  });

  it('leaves the runs before and after it where they are', () => {
    expect(namesOf(run('a'), run('{loop}', [loop('A', 'x', 'y')]), run('z'))).toEqual(['a', 'x', 'y', 'z']);
  });

  it('without any list is none: braces stay', () => {
    expect(namesOf(run('b-{loop}'), run('c-{loop}', []))).toEqual(['b-{loop}', 'c-{loop}']);
  });

  it('does not change what was written', () => {
    const written = run('b-{loop}', [loop('A', 'x')], { params: {} });
    runsOf(written);
    expect(written).toEqual(run('b-{loop}', [loop('A', 'x')], { params: {} }));
  });
});

describe('the list that the server changes while it walks over it', () => {
  const empty = (name: string) => run(name, [loop('A')]);

  it('a loop without values vanishes, and its successor is expanded all the same', () => {
    expect(namesOf(empty('a'), run('b-{loop}', [loop('A', 'x')]))).toEqual(['b-x']);
  });

  it('of four in a row one is left as it was written', () => {
    expect(namesOf(empty('a'), empty('b'), empty('c'), empty('d'))).toEqual(['d']);
  });

  it('of two equal runs the first one is replaced, whatever the order of their keys', () => {
    const one = run('b-{loop}', [loop('A', 'x', 'y')], { params: { P: '1', Q: '2' } });
    const { params: _, name, ...rest } = one;
    const other: Run = { ...rest, params: { Q: '2', P: '1' }, name };
    expect(namesOf(one, run('m'), other)).toEqual(['b-x', 'b-y', 'm', 'b-x', 'b-y']);
  });

  it('runs that differ in one value are not equal', () => {
    const one = run('{loop}', [loop('A', 'x')], { params: { P: '1' } });
    expect(runsOf(one, { ...one, params: { P: '2' } }).map(({ params }) => params?.['P'])).toEqual(['1', '2']);
  });

  it('thousands of equal loops are done with', () => {
    const written = Array.from({ length: 4000 }, () => run('b', [loop('A', 'x', 'y')]));
    expect(runsOf(...written)).toHaveLength(8000);
  });
});

describe('placeholders', () => {
  it.each([
    ['{loop:>4}', '   x'],
    ['{loop!r}', "'x'"],
    ['{loop:*^5s}', '**x**'],
    ['{{loop}}', '{loop}'],
    ['{loop[0]}', 'x'],
    ['{loop:{loop}>3}', 'xxx'],
    ['{loop.__class__}', "<class 'str'>"],
    ['{loop.upper}', '<built-in method upper of str object at 0x7f0000000000>'],
  ])('%s becomes %s', (name, filled) => {
    expect(namesOf(run(name, [loop('A', 'x')]))).toEqual([filled]);
  });

  it.each([
    '{name}',
    '{0}',
    '{}',
    '{',
    '}',
    '{loop:d}',
    '{loop!x}',
    '{loop.nope}',
    '{loop[1]}',
    '{loop.__class__.__name__}',
  ])('%s cannot be filled in', (name) => {
    expect(problemsOf(run(name, [loop('A', 'x')]))).toEqual(['placeholder /r/0/name']);
  });
});

describe('limits', () => {
  it.each([
    ['a'.repeat(79), []],
    ['a'.repeat(80), ['name-length /r/0/name']],
    ['😀'.repeat(79), []],
    ['😀'.repeat(80), ['name-length /r/0/name']],
  ])('a name has less than 80 characters: %s', (name, problems) => {
    expect(problemsOf(run(name))).toEqual(problems);
  });

  it('a name is measured after its loop is filled in, and told once', () => {
    expect(problemsOf(run(`{loop}${'a'.repeat(78)}`, [loop('A', 'x', 'yy', 'zz')]))).toEqual(['name-length /r/0/name']);
  });

  it('a name that is far too long is not told in full', () => {
    const { problems } = expandRuns([[{ run: run('{loop:9999}', [loop('A', 'x')]), path: '' }]]);
    expect(problems[0]?.message.length).toBeLessThan(500);
  });

  it('more runs than any server takes in are not made', () => {
    const digits = loop('D', ...'0123456789');
    expect(problemsOf(run('{loop}', [digits, digits, digits, digits, digits]))).toEqual(['loop-size /r/0/loop-on']);
  });

  it('nor are gigabytes of names', () => {
    const values = Array.from({ length: 5000 }, (_, i) => String(i));
    const triggers = [{ name: 't', 'run-names': '{loop:999999}' }];
    expect(problemsOf(run('{loop}', [loop('A', ...values)], { triggers }))).toEqual(['loop-size /r/0/loop-on']);
  });

  it('a null among the values cannot be a part of a name', () => {
    expect(problemsOf(run('b', [{ param: 'A', values: ['x', null as unknown as string] }]))).toEqual([
      'null-value /r/0/loop-on/0/values',
    ]);
  });
});

it('a run that is refused for a number beyond 2^53 can still be compared with another', () => {
  const one = `  - {name: '{loop}', container: 18446744073709551616, host-tag: h, script: s, loop-on: [{param: A, values: [x]}]}\n`;
  const text = `timeout: 1\nscripts: {s: x}\ntriggers:\n- name: t\n  type: simple\n  runs:\n${one}${one.replace('616', '617')}`;
  expect(check(text).accepted).toBe(false);
});
