import { describe, expect, it } from 'vitest';
import {
  buildRunDefinition,
  type Definition,
  type Run,
  type RunDefinition,
  type RunRequest,
  type Trigger,
} from '../../../src/schema/index.js';

const RUN: Run = { name: 'build', container: 'alpine', 'host-tag': 'amd64', script: 's' };
const TRIGGER: Trigger = { name: 'manual', type: 'simple', runs: [RUN] };
const DEFINITION: Definition = {
  timeout: 5,
  scripts: { s: '#!/bin/sh\n' },
  'script-repos': { tools: { 'clone-url': 'https://x/y', token: 'user:tok' }, open: { 'clone-url': 'https://x/z' } },
  triggers: [TRIGGER],
};

type Parts = Partial<Omit<RunRequest, 'run' | 'definition' | 'trigger'>> & {
  run?: Record<string, unknown>;
  definition?: Record<string, unknown>;
  trigger?: Partial<Trigger>;
};

function build({ run, definition, trigger, ...more }: Parts = {}): RunDefinition | { error: string } {
  return buildRunDefinition({
    definition: { ...DEFINITION, ...definition } as Definition,
    trigger: { ...TRIGGER, ...trigger },
    run: { ...RUN, ...run } as Run,
    project: 'acme/blinky',
    build: 7,
    params: {},
    secrets: {},
    ...more,
  });
}

/** The run definition, which there must be. */
function built(parts: Parts = {}): RunDefinition {
  const made = build(parts);
  if ('error' in made) throw new Error(made.error);
  return made;
}

const errorOf = (parts: Parts) => {
  const made = build(parts);
  return 'error' in made ? made.error : undefined;
};

/** A run whose script is in a repository. */
const inRepository = (name: string) => {
  const { script: _, ...rest } = RUN;
  return { ...rest, 'script-repo': { name, path: 'bin/x' } };
};
const buildInRepository = (name: string, secrets: Record<string, string> | null, run: Record<string, unknown> = {}) =>
  buildRunDefinition({
    definition: DEFINITION,
    trigger: TRIGGER,
    run: { ...inRepository(name), ...run } as Run,
    project: 'p',
    build: 1,
    params: {},
    secrets,
  });

describe('the environment', () => {
  it('is made of layers, each later one winning', () => {
    const { env } = built({
      definition: { params: { A: 'project', B: 'project', C: 'project', D: 'project' } },
      trigger: { params: { B: 'trigger', C: 'trigger', D: 'trigger' } },
      run: { params: { C: 'run', D: 'run' } },
      params: { D: 'given' },
    });
    expect(env).toMatchObject({ A: 'project', B: 'trigger', C: 'run', D: 'given' });
  });

  it('has the real names of project, build and run, whatever is given', () => {
    const { env } = built({ params: { H_PROJECT: 'x', H_BUILD: 'x', H_RUN: 'x' }, name: 'renamed' });
    expect(env).toMatchObject({ H_PROJECT: 'acme/blinky', H_BUILD: '7', H_RUN: 'renamed' });
  });

  it.each<[unknown, string]>([
    [null, 'None'],
    [true, 'True'],
    [0, '0'],
    [-0, '0'],
    [1.5, '1.5'],
    [1e-7, '1e-07'],
    [1e16, '10000000000000000'],
    [1e22, '1e+22'],
    [2 ** 63, '9223372036854775808'],
    [[1, "it's", null], `[1, "it's", None]`],
    [{ a: [true], b: 'x\n' }, "{'a': [True], 'b': 'x\\n'}"],
    ['é "quoted"', 'é "quoted"'],
  ])('has what Python makes of %j', (value, text) => {
    expect(built({ params: { A: value } }).env['A']).toBe(text);
  });

  it('takes a name that every object has for a name like any other', () => {
    const { env } = built({ params: JSON.parse('{"__proto__": "x", "constructor": "y"}') });
    expect(JSON.parse(JSON.stringify(env))).toEqual({
      ...JSON.parse('{"__proto__": "x", "constructor": "y"}'),
      ...env,
    });
    expect(Object.keys(env)).toContain('__proto__');
  });
});

describe('what is not given', () => {
  it('is null, and privileged is false', () => {
    expect(built()).toMatchObject({
      privileged: false,
      'cap-add': null,
      'container-entrypoint': null,
      'test-grepping': null,
    });
  });

  it('is passed on where it is empty or null by name', () => {
    const run = { privileged: null, 'container-entrypoint': '', 'cap-drop': [] };
    expect(built({ run })).toMatchObject(run);
  });
});

describe('the host-tag', () => {
  it.each([
    ['AMD64*', 'amd64*'],
    ['İ', 'i̇'],
    ['ΑΣ', 'ας'],
    ['', ''],
  ])('%j is lowered to %j', (tag, lowered) => {
    expect(built({ run: { 'host-tag': tag } })['host-tag']).toBe(lowered);
  });

  it('that is null cannot be built', () => {
    expect(errorOf({ run: { 'host-tag': null } })).toContain('host-tag');
  });
});

describe('the script', () => {
  it('is the text, and there is no script-repo', () => {
    expect(built()).toMatchObject({ script: '#!/bin/sh\n' });
    expect(built()).not.toHaveProperty('script-repo');
  });

  it('of a repository has the path of the run, and there is no script', () => {
    const made = buildInRepository('open', {});
    expect(made).toMatchObject({ 'script-repo': { 'clone-url': 'https://x/z', path: 'bin/x' } });
    expect(made).not.toHaveProperty('script');
  });

  it('leaves the definition as it is', () => {
    buildInRepository('open', {});
    expect(DEFINITION['script-repos']?.['open']).toEqual({ 'clone-url': 'https://x/z' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['is not there', { script: 'nope' }],
    ['is what every object has', { script: 'constructor' }],
    ['is empty beside a script-repo', { script: '', 'script-repo': { name: 'open', path: 'x' } }],
    ['is null beside a script-repo', { script: null, 'script-repo': { name: 'open', path: 'x' } }],
  ])('that %s cannot be built', (_, run) => {
    expect(errorOf({ run })).toContain('script');
  });
});

describe('secrets', () => {
  it('that a token names must be there and hold something', () => {
    expect(buildInRepository('tools', { user: 'u', tok: 't' })).not.toHaveProperty('error');
    for (const secrets of [{}, { user: 'u' }, { user: 'u', tok: '' }]) {
      expect(buildInRepository('tools', secrets)).toMatchObject({ error: expect.stringContaining('"tok"') });
    }
  });

  it('that container-auth names must be there; there an empty one will do', () => {
    const run = { 'container-auth': 'registry' };
    expect(errorOf({ run })).toContain('"registry" (container-auth)');
    expect(errorOf({ run, secrets: { registry: '' } })).toBeUndefined();
  });

  it('that are missing are all named, and what was given as well', () => {
    const made = buildInRepository('tools', { other: 'x' }, { 'container-auth': 'registry' });
    const error = 'error' in made ? made.error : '';
    for (const name of ['"user"', '"tok"', '"registry"', 'other']) expect(error).toContain(name);
  });

  it('are not what every object has', () => {
    expect(errorOf({ run: { 'container-auth': 'constructor' } })).toContain('"constructor"');
  });

  it('are not needed for a run that names none', () => {
    expect(built({ secrets: null }).secrets).toBeNull();
    expect(errorOf({ secrets: null, run: { 'container-auth': 'x' } })).toContain('none at all');
  });

  it('are copied', () => {
    const secrets = { a: 'b' };
    expect(built({ secrets }).secrets).not.toBe(secrets);
    expect(built({ secrets }).secrets).toEqual(secrets);
  });
});

describe('addresses', () => {
  it('name the project, the build and the run, and end in a slash', () => {
    const made = built({ server: 'https://ci.example.org', name: 'a b/c?#é' });
    const url = 'https://ci.example.org/projects/acme/blinky/builds/7/runs/a%20b/c%3F%23%C3%A9/';
    expect(made).toMatchObject({ run_url: url, frontend_url: url, runner_url: 'https://ci.example.org/runner' });
  });

  it('lead nowhere where there is no server', () => {
    expect(built().run_url).toMatch(/^http:\/\/simulated\/projects\//);
  });
});
