/** What the server starts, as its own code says: api/run.py `_handle_triggers`, trigger.py `trigger_runs`. */
import { describe, expect, it } from 'vitest';
import {
  asStored,
  Build,
  type Consequence,
  type Definition,
  expand,
  type Run,
  reachableRuns,
  type Trigger,
  type TriggerReference,
  type TriggerType,
} from '../../../src/schema/index.js';

const URL = 'https://ci.example.org/projects/acme/blinky/builds/7/runs/';

const run = (name: string, triggers: TriggerReference[] = [], more: Partial<Run> = {}): Run => ({
  name,
  container: 'alpine',
  'host-tag': 'any',
  script: 's',
  ...(triggers.length > 0 ? { triggers } : {}),
  ...more,
});

const trigger = (name: string, runs: Run[], triggers: TriggerReference[] = [], type: TriggerType = 'simple') => ({
  name,
  type,
  runs,
  ...(triggers.length > 0 ? { triggers } : {}),
});

function buildOf(triggers: Trigger[], params: Record<string, string> = {}) {
  const expanded = expand({ timeout: 5, triggers } as Definition);
  const build = new Build(expanded, expanded[0] as Trigger, params);
  const end =
    (passed: boolean) =>
    (label: string, env: Record<string, string> = {}) => {
      const [of = '', name = ''] = label.split('/');
      return build.ended({ trigger: of, name, passed, env, url: `${URL}${name}/` });
    };
  return { build, passes: end(true), fails: end(false) };
}

const started = ({ started }: Consequence) => started.map(({ trigger, name }) => `${trigger.name}/${name}`);

describe('a run that passes', () => {
  const triggers = [
    trigger('build', [run('build-{loop}', [{ name: 'test', 'run-names': '{name}-{loop}' }], { 'loop-on': loop() })]),
    trigger('test', [run('smoke'), run('soak')]),
  ];
  function loop() {
    return [{ param: 'BOARD', values: ['a', 'b'] }];
  }

  it('starts all runs of what it names, under the names that run-names makes', () => {
    const { passes } = buildOf(triggers);
    expect(started(passes('build/build-a'))).toEqual(['test/smoke-a', 'test/soak-a']);
    expect(started(passes('build/build-b'))).toEqual(['test/smoke-b', 'test/soak-b']);
  });

  it('gives them its whole environment and its own address', () => {
    const { passes } = buildOf(triggers);
    const [one] = passes('build/build-a', { BOARD: 'a', H_RUN: 'build-a', H_TRIGGER_URL: 'before' }).started;
    expect(one?.params).toEqual({ BOARD: 'a', H_RUN: 'build-a', H_TRIGGER_URL: `${URL}build-a/` });
    expect(one?.by).toBe('run');
  });

  it('gives its address as the server shows it: quoted only where it must be', () => {
    const { build } = buildOf(triggers);
    const url = `${URL}b%C3%BC%40%20x/`;
    const end = build.ended({ trigger: 'build', name: 'build-a', passed: true, env: {}, url });
    expect(end.started[0]?.params).toEqual({ H_TRIGGER_URL: `${URL}bü@%20x/` });
  });

  it('starts nothing when it fails', () => {
    expect(buildOf(triggers).fails('build/build-a')).toEqual({ started: [] });
  });

  it('starts nothing when run-names has renamed it: the server looks it up by the name it has in the build', () => {
    const chain = (names?: string) =>
      buildOf([
        trigger('a', [run('a', [{ name: 'b', ...(names === undefined ? {} : { 'run-names': names }) }])]),
        trigger('b', [run('b', [{ name: 'c' }])]),
        trigger('c', [run('c')]),
      ]);
    const renamed = chain('{name}-2');
    expect(started(renamed.passes('a/a'))).toEqual(['b/b-2']);
    expect(started(renamed.passes('b/b-2'))).toEqual([]);
    const kept = chain();
    expect(started(kept.passes('a/a'))).toEqual(['b/b']);
    expect(started(kept.passes('b/b'))).toEqual(['c/c']);
  });
});

describe('the type of what is started', () => {
  const typeOf = (parent: TriggerType, child: TriggerType) => {
    const { passes } = buildOf([
      trigger('a', [run('a', [{ name: 'b' }])], [], parent),
      trigger('b', [run('b')], [], child),
    ]);
    return passes('a/a').started[0]?.trigger.type;
  };

  it('is that of a git_poller or github_pr, where its own is simple', () => {
    expect(typeOf('git_poller', 'simple')).toBe('git_poller');
    expect(typeOf('github_pr', 'simple')).toBe('github_pr');
  });

  it('is its own under a gitlab_mr or a simple trigger, and where it is not simple', () => {
    expect(typeOf('gitlab_mr', 'simple')).toBe('simple');
    expect(typeOf('simple', 'git_poller')).toBe('git_poller');
    expect(typeOf('github_pr', 'git_poller')).toBe('git_poller');
  });

  it('is not handed on by a trigger that has been given another: the definition counts', () => {
    const { passes } = buildOf([
      trigger('a', [run('a', [{ name: 'b' }])], [], 'git_poller'),
      trigger('b', [run('b', [{ name: 'c' }])]),
      trigger('c', [run('c')]),
    ]);
    expect(passes('a/a').started[0]?.trigger.type).toBe('git_poller');
    expect(passes('b/b').started[0]?.trigger.type).toBe('simple');
  });
});

describe('a build that passes', () => {
  const publish = [{ name: 'publish' }];
  const triggers = [trigger('build', [run('one'), run('two')], publish), trigger('publish', [run('announce')])];

  it('starts what its trigger names, once all runs have passed, with its own params and address', () => {
    const { passes } = buildOf(triggers, { GIT_SHA: 'abc' });
    expect(started(passes('build/one', { SECRET_OF_ONE: 'x' }))).toEqual([]);
    const end = passes('build/two', { SECRET_OF_TWO: 'x' });
    expect(started(end)).toEqual(['publish/announce']);
    expect(end.started[0]).toMatchObject({
      by: 'build',
      params: { GIT_SHA: 'abc', H_TRIGGER_URL: 'https://ci.example.org/projects/acme/blinky/builds/7/' },
    });
  });

  it('starts nothing when one of them fails, whichever is the last', () => {
    const last = buildOf(triggers);
    last.passes('build/one');
    expect(last.fails('build/two')).toEqual({ started: [] });
    const first = buildOf(triggers);
    first.fails('build/one');
    expect(first.passes('build/two')).toEqual({ started: [] });
  });

  it('waits for what its runs have started, and then takes the list of the last run, not of the first trigger', () => {
    const withFlash = (more: TriggerReference[]) =>
      buildOf([
        trigger('build', [run('one', [{ name: 'flash' }])], publish),
        trigger('flash', [run('on-board')], more),
        trigger('publish', [run('announce')]),
      ]);
    const without = withFlash([]);
    expect(started(without.passes('build/one'))).toEqual(['flash/on-board']);
    expect(started(without.passes('flash/on-board'))).toEqual([]);
    const repeated = withFlash(publish);
    repeated.passes('build/one');
    expect(started(repeated.passes('flash/on-board'))).toEqual(['publish/announce']);
  });

  it('lets a param H_TRIGGER_URL of the build win', () => {
    const { passes } = buildOf([triggers[0] as Trigger, triggers[1] as Trigger], { H_TRIGGER_URL: 'mine' });
    passes('build/one');
    expect(passes('build/two').started[0]?.params).toEqual({ H_TRIGGER_URL: 'mine' });
  });

  it('says which runs it waits for', () => {
    const { build, passes } = buildOf(triggers);
    passes('build/two');
    expect(build.unfinished).toEqual(['one']);
  });
});

describe('a run that the server fails for what it is to start', () => {
  it('names a run that the build has: those before it are started all the same', () => {
    const { passes, build } = buildOf([
      trigger('a', [run('a', [{ name: 'b' }]), run('taken')]),
      trigger('b', [run('free'), run('taken')]),
    ]);
    const end = passes('a/a');
    expect(started(end)).toEqual(['b/free']);
    expect(end.error).toContain('It is to start a run "taken", and the build has one of that name already');
    expect(build.unfinished).toEqual(['taken', 'free']);
    passes('a/taken');
    expect(started(passes('b/free'))).toEqual([]);
  });

  it('has run-names that cannot be filled in: what was started before them stays', () => {
    const references = [{ name: 'b' }, { name: 'b', 'run-names': 'bad}' }];
    const { passes } = buildOf([trigger('a', [run('a', references)]), trigger('b', [run('b')])]);
    const end = passes('a/a');
    expect(started(end)).toEqual(['b/b']);
    expect(end.error).toContain('cannot fill in the run-names "bad}"');
  });

  it('names two runs of one name: none is started', () => {
    const { passes, build } = buildOf([
      trigger('a', [run('a', [{ name: 'b', 'run-names': 'fixed' }])]),
      trigger('b', [run('b1'), run('b2')]),
    ]);
    const end = passes('a/a');
    expect(end).toEqual({ started: [], error: expect.stringContaining('two runs of the name "fixed"') });
    expect(build.unfinished).toEqual([]);
  });

  it.each([
    ['a trigger that is not there', [{ name: 'nowhere' }], 'there is no such trigger'],
    ['run-names that cannot be filled in', [{ name: 'b', 'run-names': '{other}' }], 'cannot fill in'],
  ])('names %s', (_, references, message) => {
    const { passes } = buildOf([trigger('a', [run('a', references)]), trigger('b', [run('b')])]);
    const end = passes('a/a');
    expect(end.started).toEqual([]);
    expect(end.error).toContain(message);
  });

  it('is the last of a build whose own trigger names nothing: its params were not kept', () => {
    const { passes } = buildOf([
      trigger('a', [run('a', [{ name: 'b' }])]),
      trigger('b', [run('b')], [{ name: 'c' }]),
      trigger('c', [run('c')]),
    ]);
    passes('a/a');
    const end = passes('b/b');
    expect(end.started).toEqual([]);
    expect(end.error).toContain('keeps none where a itself names nothing');
  });
});

it('reads the definition again in the order of its keys', () => {
  const stored = asStored({ runs: [{ params: { Z: '1', A: '2' }, name: 'x' }], __proto__: null });
  expect(JSON.stringify(stored)).toBe('{"runs":[{"name":"x","params":{"A":"2","Z":"1"}}]}');
});

it('knows every run that may come of some', () => {
  const triggers = [
    trigger('a', [run('a', [{ name: 'b' }]), run('other', [{ name: 'd' }])]),
    trigger('b', [run('b1'), run('b2', [{ name: 'c' }])]),
    trigger('c', [run('c')]),
    trigger('d', [run('d')]),
  ];
  const [a] = triggers as [Trigger];
  const first = [{ trigger: a, run: a.runs[0] as Run }];
  expect(reachableRuns(triggers, first).map(({ run: { name } }) => name)).toEqual(['b1', 'b2', 'c']);
});
