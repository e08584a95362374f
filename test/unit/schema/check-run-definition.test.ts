import { describe, expect, it } from 'vitest';
import { checkRunDefinition, unknownFields } from '../../../src/schema/index.js';

const RUNDEF = {
  project: 'acme/blinky',
  timeout: 5,
  trigger_type: 'simple',
  container: 'alpine:3.20',
  script: '#!/bin/sh\n',
};

/** A good rundef with these fields in place of its own; undefined takes one away. */
const rundef = (fields: Record<string, unknown> = {}) =>
  Object.fromEntries(Object.entries({ ...RUNDEF, ...fields }).filter(([, value]) => value !== undefined));
const problems = (fields: Record<string, unknown>) => checkRunDefinition(rundef(fields));
/** Keys that an object in braces cannot be given. */
const parsed = (json: string): unknown => JSON.parse(json);

describe('a rundef that may be run', () => {
  it.each<[string, Record<string, unknown>]>([
    ['no more than is needed', {}],
    [
      'what a server writes for what is not given',
      { 'container-auth': null, 'cap-add': null, secrets: null, env: null },
    ],
    [
      'a script-repo in place of a script',
      { script: undefined, 'script-repo': { 'clone-url': 'https://x/y', path: 'a/b' } },
    ],
    ['a timeout of half a minute', { timeout: 0.5 }],
    ['secrets that the server does not show', { secrets: { 'netrc-x.y': 'TODO' } }],
    ['volumes', { 'persistent-volumes': { 'c.a_c-he': '/cache' }, 'shared-volumes': { data: '/data/x' } }],
    ['an image with registry, tag and digest', { container: `localhost:5000/a/b:1@sha256:${'0'.repeat(64)}` }],
    ['fields that are not known here', { brandNew: { of: 'tomorrow' } }],
    ['an address for git over ssh', { env: { GIT_URL: 'git@github.com:acme/blinky.git', H_RUN: 'build-{loop}' } }],
    [
      'inputs to ask for',
      { 'simulator-inputs': [{ prompt: 'Token', secrets: { tok: { transform: 'BasicAuth' }, b: {} } }] },
    ],
  ])('%s', (_, fields) => {
    expect(problems(fields)).toEqual([]);
  });
});

describe('a rundef of the wrong shape', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['lacks the project', { project: undefined }, 'the rundef lacks project'],
    ['has a text for the timeout', { timeout: '5' }, 'timeout must be number'],
    ['has a timeout below none', { timeout: -1 }, 'timeout is out of range'],
    ['has an unknown trigger type', { trigger_type: 'lava' }, 'trigger_type must be one of git_poller, github_pr'],
    ['has a number in its environment', { env: { A: 1 } }, 'env.A must be string'],
    ['has a list for its secrets', { secrets: [] }, 'secrets must be object or null'],
    ['has no pattern for results', { 'test-grepping': {} }, 'test-grepping lacks result-pattern'],
    ['has no path in its script-repo', { 'script-repo': { 'clone-url': 'x' } }, 'script-repo lacks path'],
    ['has nothing to run', { script: undefined }, 'the rundef lacks script'],
  ])('%s', (_, fields, problem) => {
    expect(problems(fields).join('; ')).toContain(problem);
  });

  it.each([null, [], 'text', 5, true, undefined])('is no rundef at all: %j', (value) => {
    expect(checkRunDefinition(value)).toEqual(['the rundef must be object']);
  });

  it('has each of its faults told', () => {
    expect(problems({ timeout: null, container: 5, env: { A: 1, B: 2 } })).toHaveLength(4);
  });
});

describe('names that would lead elsewhere are refused', () => {
  const NAMES = ['../x', '/x', '-x', 'a:b', 'a\0b', '..', '.', ''];

  it.each(NAMES)('as a volume: %j', (name) => {
    expect(problems({ 'persistent-volumes': { [name]: '/x' } })).toHaveLength(1);
    expect(problems({ 'shared-volumes': { [name]: '/x' } })).toHaveLength(1);
  });

  it.each(NAMES)('as a secret: %j', (name) => {
    expect(problems({ secrets: { [name]: 'value' } })).toHaveLength(1);
  });

  it.each([...NAMES, 'a/../b', 'a/', 'a//b', '/a', 'a/-b', '__proto__', 'a/__proto__'])('as a project: %j', (name) => {
    expect(problems({ project: name })).toHaveLength(1);
  });

  it.each(['secrets', 'persistent-volumes', 'shared-volumes'])('__proto__ in %s', (field) => {
    expect(problems({ [field]: parsed('{"__proto__": "/x"}') })).toHaveLength(1);
  });

  it.each(['H_PROJECT', 'H_BUILD', 'H_RUN'])('%s that leaves its folder', (name) => {
    for (const value of ['..', 'a/..', ''])
      expect(problems({ env: { [name]: value } }).length, value).toBeGreaterThan(0);
  });

  it('H_RUN in a folder of another', () => {
    expect(problems({ env: { H_RUN: 'a/b' } })).toEqual(['env.H_RUN is no name of a run, "a/b"']);
  });
});

describe('what a program would take for something else is refused', () => {
  it.each<[string, Record<string, unknown>]>([
    ['an image that is an option', { container: '--privileged' }],
    ['an image that is two words', { container: 'alpine sh' }],
    ['no image', { container: '' }],
    ['GIT_URL that is an option', { env: { GIT_URL: '--upload-pack=x' } }],
    ['GIT_URL that runs a command', { env: { GIT_URL: 'ext::sh -c x' } }],
    ['GIT_SHA that is an option', { env: { GIT_SHA: '--orphan' } }],
    ['a variable with a NUL', { env: { A: 'x\0y' } }],
    ['a clone-url that runs a command', { 'script-repo': { 'clone-url': 'ext::x', path: 'x' } }],
    ['a ref that is an option', { 'script-repo': { 'clone-url': 'x', path: 'x', 'git-ref': '-x' } }],
    ['a path out of the repository', { 'script-repo': { 'clone-url': 'x', path: 'a/../../b' } }],
    ['a mount that is not absolute', { 'persistent-volumes': { a: 'cache' } }],
    ['a mount with a NUL', { 'shared-volumes': { a: '/x\0' } }],
  ])('%s', (_, fields) => {
    expect(problems(fields)).toHaveLength(1);
  });
});

describe('fields that are not known', () => {
  it('are told with their path, in the order of the rundef', () => {
    const fields = { zeta: 1, 'test-grepping': { 'result-pattern': 'x', mode: 'new' }, alpha: 2 };
    expect(unknownFields(rundef(fields))).toEqual(['zeta', 'alpha', 'test-grepping.mode']);
  });

  it('include what every object has', () => {
    expect(unknownFields(parsed('{"constructor": 1, "toString": 2}') as Record<string, unknown>)).toEqual([
      'constructor',
      'toString',
    ]);
  });

  it('are none in what is written by `rundef create`', () => {
    expect(unknownFields(rundef({ simulator: true, 'host-tag': 'x', 'console-progress': null }))).toEqual([]);
  });
});
