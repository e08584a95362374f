import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/lint/index.js';
import { buildRunDefinition, expand } from '../../src/schema/index.js';
import { selectRuns } from '../../src/simulator/index.js';
import { EXAMPLES, type Example } from '../support/examples.js';

const FOLDER = 'examples/projects';
const textOf = (name: string) => readFileSync(`${FOLDER}/${name}.yml`, 'utf8');

function definitionOf({ name }: Example) {
  const { definition, diagnostics } = check(textOf(name));
  if (definition === undefined) throw new Error(`${name}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return definition;
}

/** `trigger/run` → its rundef, or why there is none. */
function runDefinitionsOf(example: Example, secrets = example.secrets ?? {}) {
  const definition = definitionOf(example);
  const identity = { definition, project: 'acme/blinky', build: 7, params: {}, secrets };
  return expand(definition).flatMap((trigger) =>
    trigger.runs.map(
      (run) => [`${trigger.name}/${run.name}`, buildRunDefinition({ ...identity, trigger, run })] as const,
    ),
  );
}

/** The commands that the example's comments tell a reader to try, long lines joined. */
function commandsOf({ name }: Example): string[] {
  const comments = textOf(name).replaceAll(/ \\\n# +/g, ' ');
  return [...comments.matchAll(/^# +jobserv (.+)$/gm)].map(([, command = '']) => command);
}

it('every example has its line in the table', () => {
  const files = readdirSync(FOLDER).sort();
  expect(EXAMPLES.map(({ name }) => `${name}.yml`)).toEqual(files);
});

describe.each(EXAMPLES)('the example $name', (example) => {
  it('is accepted, without a complaint', () => {
    const { accepted, diagnostics } = check(textOf(example.name));
    expect({ accepted, diagnostics }).toEqual({ accepted: true, diagnostics: [] });
  });

  it('expands to the runs it is said to have', () => {
    const names = expand(definitionOf(example)).flatMap(({ name, runs }) => runs.map((run) => `${name}/${run.name}`));
    expect(names).toEqual(example.runs);
  });

  it('builds a run definition of each', () => {
    const built = runDefinitionsOf(example);
    expect(built.map(([name]) => name)).toEqual(example.runs);
    for (const [name, rundef] of built) {
      expect(rundef, name).toMatchObject({ env: { H_PROJECT: 'acme/blinky', H_RUN: name.split('/')[1] } });
    }
  });

  it('tells the reader commands that name it and its runs', () => {
    const triggers = expand(definitionOf(example));
    const commands = commandsOf(example);
    expect(commands).not.toEqual([]);
    for (const command of commands) {
      expect(command).toContain(`${FOLDER}/${example.name}.yml`);
      if (!command.startsWith('simulate ')) continue;
      const [, run = ''] = /\.yml '?([^\s']+)/.exec(command) ?? [];
      expect(selectRuns(triggers, [run]), command).not.toEqual([]);
    }
  });

  it('is simulated, with runs that it has', () => {
    expect(example.cases).not.toEqual([]);
    expect(example.runs).toEqual(expect.arrayContaining(example.cases.map(({ run }) => run)));
  });
});

it('the examples whose images or scripts need a login say which secrets are missing', () => {
  const errors = EXAMPLES.flatMap((example) =>
    runDefinitionsOf(example, {}).flatMap(([name, rundef]) =>
      'error' in rundef ? [[name, rundef.error] as const] : [],
    ),
  );
  expect(errors).toEqual([
    ['manual/compile', expect.stringContaining('registry_auth')],
    ['manual/checks', expect.stringMatching(/ci_user.*ci_token/)],
  ]);
});
