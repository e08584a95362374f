import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, findings, otherRun, otherTrigger, summary } from './findings.js';

const poller = (params: string, more: Parameters<typeof definition>[0] = {}) =>
  definition({ type: 'git_poller', trigger: `params:\n${params.replaceAll(/^(?=.)/gm, '  ')}`, ...more });
const URL_LINE = 'GIT_URL: https://git.example.org/x.git\n';
const REFS_LINE = 'GIT_POLL_REFS: refs/heads/main\n';

describe('duplicate-trigger-name', () => {
  it('the later one, with the first one related', () => {
    const text = definition({ triggers: otherTrigger('main', otherRun('b')) });
    expect(summary(text)).toEqual(['duplicate-trigger-name 10:11 main']);
    expect(findings(text)).toMatchObject([{ severity: 'warning', server: 'misbehaves', related: [{ line: 3 }] }]);
    expect(check(text).accepted).toBe(true);
  });
});

describe('poller-params', () => {
  it.each([
    ['both missing', definition({ type: 'git_poller' }), '3:11 main'],
    ['one missing', poller(URL_LINE), '5:5 params'],
    ['one misspelt', poller(`${URL_LINE}GIT_POLL_REF: refs/heads/main`), '7:7 GIT_POLL_REF'],
    ['one empty', poller(`${URL_LINE}GIT_POLL_REFS: " "`), '7:22 " "'],
    ['one null', poller(`${REFS_LINE}GIT_URL:`), '7:7 GIT_URL'],
    ['ssh', poller(`${REFS_LINE}GIT_URL: ssh://git@git.example.org/x.git`), '7:16 ssh://git@git.example.org/x.git'],
    [
      'as scp',
      poller(`${REFS_LINE}GIT_URL: https://a.example.org/x git@b.example.org:x.git`),
      '7:40 git@b.example.org:x.git',
    ],
    ['a path', poller(`${REFS_LINE}GIT_URL: /srv/git/x.git`), '7:16 /srv/git/x.git'],
  ])('%s', (_, text, place) => {
    expect(summary(text)).toEqual([`poller-params ${place}`]);
    expect(check(text)).toMatchObject({ accepted: true, diagnostics: [{ severity: 'warning', server: 'misbehaves' }] });
  });

  it('says where they stand in vain', () => {
    const text = poller(REFS_LINE, { top: 'params:\n  GIT_URL: https://git.example.org/x.git' });
    expect(findings(text)).toMatchObject([{ rule: 'poller-params', related: [{ line: 3, column: 3 }] }]);
    expect(findings(text)[0]?.help).toContain('params of the definition');
  });

  it('gives the URL that the poller can ask', () => {
    const [finding] = findings(poller(`${REFS_LINE}GIT_URL: git@github.com:acme/blinky.git`));
    expect(finding?.help).toBe('Write `https://github.com/acme/blinky.git`.');
  });

  it.each([
    ['both there', poller(URL_LINE + REFS_LINE)],
    ['several URLs in a block', poller(`${REFS_LINE}GIT_URL: |\n  http://a.example.org/x\n  HTTPS://b.example.org/y`)],
    [
      'another trigger starts it',
      definition({ triggers: otherTrigger('b', otherRun('b'), '', 'git_poller'), run: 'triggers: [{ name: b }]' }),
    ],
    ['no poller', definition({ type: 'gitlab_mr' })],
  ])('not: %s', (_, text) => {
    expect(summary(text)).toEqual([]);
  });
});

describe('ref-pattern', () => {
  const refs = (value: string) => poller(`${URL_LINE}GIT_POLL_REFS: ${value}`);

  it.each([
    ['refs/heads/a,refs/heads/b', '7:22 refs/heads/a,refs/heads/b'],
    ['"refs/heads/a, refs/heads/b"', '7:23 refs/heads/a,'],
    ['refs/heads/a main', '7:35 main'],
    ['heads/main', '7:22 heads/main'],
    ['release-*', '7:22 release-*'],
    ['refs/head/main', '7:22 refs/head/main'],
    ['refs/tag/v*', '7:22 refs/tag/v*'],
  ])('%s', (value, place) => {
    expect(summary(refs(value))).toEqual([`ref-pattern ${place}`]);
    expect(check(refs(value))).toMatchObject({
      accepted: true,
      diagnostics: [{ severity: 'warning', server: 'misbehaves' }],
    });
  });

  it('in a block, on its own line', () => {
    expect(summary(refs('|\n  refs/heads/main\n  stable'))).toEqual(['ref-pattern 9:9 stable']);
  });

  it.each([
    'refs/heads/main refs/heads/release-*',
    '"*"',
    '"*/main"',
    'r*',
    '"[r]efs/heads/x"',
    'refs/changes/*',
    'refs/mine/x',
    'refs/he*',
  ])('%s can match', (value) => {
    expect(summary(refs(value))).toEqual([]);
  });

  const branch = (value: string) => definition({ type: 'github_pr', trigger: `params:\n  GH_BRANCH: ${value}` });

  it.each([
    ['release-*', '6:18 release-*'],
    ['main,refs/heads/stable', '6:23 refs/heads/stable'],
    ['main stable', '6:18 main stable'],
  ])('GH_BRANCH: %s', (value, place) => {
    expect(summary(branch(value))).toEqual([`ref-pattern ${place}`]);
  });

  it.each(['main', 'main, stable', 'feature/x', '""'])('GH_BRANCH: %s', (value) => {
    expect(summary(branch(value))).toEqual([]);
  });

  it('of a poller or a merge request it is a param like any other', () => {
    expect(summary(branch('x*').replace('github_pr', 'gitlab_mr'))).toEqual([]);
  });
});

describe('unreachable-trigger', () => {
  const pr = (name: string, branch: string | undefined, type = 'github_pr') =>
    otherTrigger(name, otherRun(name), branch === undefined ? '' : `params: { GH_BRANCH: "${branch}" }`, type);
  const list = (...triggers: string[]) => definition({ triggers: triggers.join('') });

  it.each([
    ['behind one for all branches', list(pr('a', undefined), pr('b', 'stable')), 'unreachable-trigger 18:11 github_pr'],
    [
      'behind those that have its branches',
      list(pr('a', 'main, x'), pr('b', 'stable'), pr('c', 'stable,main')),
      'unreachable-trigger 27:11 github_pr',
    ],
    [
      'a second gitlab_mr',
      list(pr('a', undefined, 'gitlab_mr'), pr('b', undefined, 'gitlab_mr')),
      'unreachable-trigger 18:11 gitlab_mr',
    ],
  ])('%s', (_, text, place) => {
    expect(summary(text)).toEqual([place]);
    expect(findings(text)).toMatchObject([{ severity: 'warning', server: 'misbehaves', related: [{}] }]);
  });

  it('behind one that has no name yet', () => {
    const text = list(pr('a', undefined, 'gitlab_mr').replace(/name: a\n {2}/, ''), pr('b', undefined, 'gitlab_mr'));
    expect(findings(text, 'unreachable-trigger')[0]?.message).toBe(
      'No merge request ever starts `b`: a trigger without a name comes first and takes them all.',
    );
  });

  it.each([
    ['one for all others last', list(pr('a', 'main'), pr('b', 'stable'), pr('c', undefined))],
    ['one of each type', list(pr('a', undefined), pr('b', undefined, 'gitlab_mr'))],
    [
      'one that another trigger starts',
      definition({ triggers: pr('a', undefined) + pr('b', undefined), trigger: 'triggers: [{ name: b }]' }),
    ],
  ])('not: %s', (_, text) => {
    expect(summary(text)).toEqual([]);
  });
});

describe('trigger-never-fires', () => {
  const starting = (name: string, more = '') => `triggers: [{ name: ${name}${more} }]`;
  const one = (name: string, ...lists: [string?, string?]) =>
    otherTrigger(name, otherRun(name, lists[0] ?? ''), lists[1] ?? '');

  it('a list whose trigger never has the last run', () => {
    const text = definition({ run: starting('test'), trigger: starting('end'), triggers: one('test') + one('end') });
    expect(summary(text)).toEqual(['trigger-never-fires 5:24 end']);
    expect(findings(text)).toMatchObject([{ severity: 'warning', server: 'misbehaves', related: [{ line: 11 }] }]);
    expect(findings(text)[0]?.message).toContain('never started');
  });

  it('one whose trigger may have the last run', () => {
    const text = definition({ run: starting('test'), trigger: starting('end'), triggers: one('test') + one('end') });
    const more = text.replace(
      '  - name: test\n',
      `${otherRun('more').replaceAll(/^(?=.)/gm, '      ')}  - name: test\n`,
    );
    expect(findings(more)).toMatchObject([{ rule: 'trigger-never-fires', line: 5 }]);
    expect(findings(more)[0]?.message).toContain('only when');
  });

  it('not when the list stands at both', () => {
    const text = definition({
      run: starting('test'),
      trigger: starting('end'),
      triggers: one('test', '', starting('end')) + one('end'),
    });
    expect(summary(text)).toEqual([]);
  });

  it('what a run starts that run-names has renamed', () => {
    const text = definition({
      run: starting('test', ', run-names: "{name}-2"'),
      triggers: one('test', starting('end')) + one('end'),
    });
    expect(summary(text)).toEqual(['trigger-never-fires 10:45 "{name}-2"']);
    expect(summary(text.replace('{name}-2', '{name}'))).toEqual([]);
  });

  it('a list that needs params which no build has', () => {
    const text = definition({ run: starting('test'), triggers: one('test', '', starting('end')) + one('end') });
    expect(summary(text)).toEqual(['trigger-never-fires 13:5 triggers']);
    expect(findings(text)).toMatchObject([{ severity: 'error', server: 'fails' }]);
    expect(check(text).accepted).toBe(true);
    const unnamed = findings(text.replace('- name: main\n    type', '- type'), 'trigger-never-fires');
    expect(unnamed[0]?.help).toBe('Write the same `triggers` at a trigger without a name, too.');
  });

  it.each([
    [
      'a chain of builds',
      definition({ trigger: starting('test'), triggers: one('test', '', starting('end')) + one('end') }),
    ],
    ['a chain of runs', definition({ run: starting('test'), triggers: one('test', starting('end')) + one('end') })],
  ])('not: %s', (_, text) => {
    expect(summary(text)).toEqual([]);
  });
});

describe('trigger-recursion', () => {
  const chain = (length: number) =>
    definition({
      trigger: 'triggers: [{ name: t1 }]',
      triggers: Array.from({ length }, (_, i) =>
        otherTrigger(`t${i + 1}`, otherRun(`r${i + 1}`), i + 1 < length ? `triggers: [{ name: t${i + 2} }]` : ''),
      ).join(''),
    });

  it('three triggers one after the other are the limit', () => {
    expect(summary(chain(2))).toEqual([]);
    expect(summary(chain(3))).toEqual(['trigger-recursion 5:24 t1']);
    expect(check(chain(3)).accepted).toBe(false);
  });
});

describe('no-runs', () => {
  it('a trigger without runs, and a definition without triggers', () => {
    expect(summary('timeout: 5\ntriggers: [{ name: a, type: simple, runs: [] }]')).toEqual(['no-runs 2:43 []']);
    expect(summary('timeout: 5\ntriggers: []')).toEqual(['no-runs 2:11 []']);
  });
});
