import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, findings, otherRun, otherTrigger, summary } from './findings.js';

const REPO = 'script-repos:\n  shared:\n    clone-url: https://git.example.org/x.git\n';
const fromRepo = (text: string) => text.replace('script: build', 'script-repo: { name: shared, path: x }');
const withoutScripts = (text: string) => text.replace(/scripts:.*/s, '');

describe('unused-script', () => {
  const another = (text: string) => `${text}  test: |\n    #!/bin/sh -e\n    make test\n`;

  it('a script that nothing names', () => {
    expect(summary(another(definition()))).toEqual(['unused-script 14:3 test']);
    expect(check(another(definition())).accepted).toBe(true);
  });

  it('is no consequence of a run that means it', () => {
    expect(
      summary(
        another(definition({ triggers: otherTrigger('x', otherRun('y').replace('script: build', 'script: tets')) })),
      ),
    ).toEqual(['unknown-script 16:17 tets']);
    expect(
      summary(
        another(definition({ triggers: otherTrigger('x', otherRun('y').replace('script: build', 'scirpt: test')) })),
      ),
    ).toEqual(['unknown-key 16:9 scirpt']);
    expect(
      summary(another(definition({ triggers: otherTrigger('x', otherRun('y').replace('script: build', '')) }))),
    ).toEqual(['script-choice 13:15 y']);
  });

  it('is no consequence of a script that is not a text, nor is an unknown script', () => {
    expect(summary(`${withoutScripts(definition())}scripts: { build: 3.10 }`)).toEqual(['yaml11-type 10:19 3.10']);
    const repositories = 'script-repos: { shared: 5 }\n';
    expect(summary(withoutScripts(fromRepo(definition({ top: repositories }))))).toEqual(['wrong-type 2:25 5']);
  });

  it('is no consequence of triggers that cannot be read', () => {
    expect(summary(definition().replace('triggers:', 'trigger:'))).toEqual(['unknown-key 2:1 trigger']);
    expect(summary(definition().replace('    runs:', '    run:'))).toEqual(['unknown-key 5:5 run']);
    expect(summary('timeout: 5\ntriggers: []\nscripts: { a: "#!/bin/sh" }')).toEqual(['no-runs 2:11 []']);
  });

  it('not one that another script repeats by an alias', () => {
    const text = `${definition()
      .replace('build: |', 'build: *steps')
      .replace(/\n {4}#!.*\n {4}make/, '')}`;
    const steps = 'scripts:\n  steps: &steps |\n    #!/bin/sh -e\n    make\n';
    expect(summary(text.replace('scripts:\n', steps))).toEqual([]);
  });
});

describe('unused-script-repo', () => {
  it('a repository that no run takes its script from', () => {
    expect(summary(definition() + REPO)).toEqual(['unused-script-repo 15:3 shared']);
  });

  it('one that is used', () => {
    expect(summary(withoutScripts(fromRepo(definition())) + REPO)).toEqual([]);
  });
});

describe('script-choice', () => {
  it.each(['script:', 'script: ""'])('beside a script-repo, %s is accepted and then fails', (script) => {
    const text = withoutScripts(fromRepo(definition({ run: script }))) + REPO;
    expect(findings(text)).toMatchObject([{ rule: 'script-choice', server: 'fails', line: 10 }]);
    expect(check(text).accepted).toBe(true);
  });

  it('an empty script alone is rejected', () => {
    const text = definition().replace('script: build', 'script: ""');
    expect(findings(text)).toMatchObject([{ rule: 'script-choice', server: 'rejects', line: 8 }]);
  });
});

describe('unknown-trigger', () => {
  const TARGET = otherTrigger('after', otherRun('after'));

  it('in a run and in a trigger, each at the name', () => {
    const text = definition({
      run: 'triggers:\n  - name: aftr',
      trigger: 'triggers: [{ name: nothing }]',
      triggers: TARGET,
    });
    expect(summary(text)).toEqual(['unknown-trigger 5:24 nothing', 'unknown-trigger 12:19 aftr']);
    expect(findings(text)[1]).toMatchObject({
      severity: 'error',
      server: 'fails',
      help: 'Did you mean `after`? Triggers: main, after.',
    });
    expect(check(text).accepted).toBe(true);
  });

  it('after its loop is expanded', () => {
    const loop = (values: string) =>
      definition({
        run: `loop-on: [{ param: A, values: [${values}] }]\ntriggers: [{ name: "after-{loop}" }]`,
        triggers: otherTrigger('after-x', otherRun('after')),
      }).replace('name: build', 'name: build-{loop}');
    expect(summary(loop('x'))).toEqual([]);
    expect(summary(loop('x, y'))).toEqual(['unknown-trigger 11:28 "after-{loop}"']);
    expect(findings(loop('x, y'))[0]?.message).toContain('`after-y`');
  });

  it('says nothing where a trigger has lost its name', () => {
    const text = definition({
      run: 'triggers: [{ name: after }]',
      triggers: TARGET.replace('- name: after', '- nam: after'),
    });
    expect(summary(text)).toEqual(['unknown-key 11:5 nam']);
  });

  it('where the server goes on with the last trigger and refuses that, the name is what is told', () => {
    const text = definition({ run: 'triggers: [{ name: nothing }]' });
    expect(summary(text)).toEqual(['unknown-trigger 10:28 nothing']);
    expect(findings(text)).toMatchObject([{ server: 'rejects', help: 'Triggers: main.' }]);
    expect(check(text).accepted).toBe(false);
  });
});

describe('secret-name', () => {
  it.each([
    ['$TOKEN', 'error'],
    ['my secret', 'error'],
    ['a/b', 'error'],
  ])('container-auth: %s', (name, severity) => {
    expect(findings(definition({ run: `container-auth: ${name}` }))).toMatchObject([
      { rule: 'secret-name', severity, server: 'fails', line: 10, column: 25 },
    ]);
  });

  it.each(['registry', 'a.b-c_D9', '""', '~'])('container-auth: %s is a name, or none', (name) => {
    expect(summary(definition({ run: `container-auth: ${name}` }))).toEqual([]);
  });

  const token = (value: string) => `${withoutScripts(fromRepo(definition()))}${REPO}    token: ${value}\n`;

  it.each(['ci_user:ci_token', 'ci_token', '""'])('token: %s', (value) => {
    expect(summary(token(value))).toEqual([]);
  });

  it.each([
    ['"$USER:ci_token"', 'secret-name 13:13 $USER', 'fails'],
    ['"ci:$TOKEN"', 'secret-name 13:16 $TOKEN', 'fails'],
    ['a:b:c', 'secret-name 13:12 a:b:c', 'misbehaves'],
    ['"user:"', 'secret-name 13:12 "user:"', 'fails'],
  ])('token: %s', (value, place, server) => {
    expect(summary(token(value))).toEqual([place]);
    expect(findings(token(value))).toMatchObject([{ server }]);
  });

  it('the secret of a webhook, of the definition and of a trigger', () => {
    const webhooks = 'webhooks: [{ url: "https://x.example.org/", secret_name: "a b" }]';
    expect(findings(definition({ top: webhooks }))).toMatchObject([
      { rule: 'secret-name', server: 'misbehaves', line: 2 },
    ]);
    expect(findings(definition({ trigger: webhooks }))).toMatchObject([
      { rule: 'secret-name', severity: 'warning', line: 5 },
    ]);
  });
});

describe('missing-host-tag', () => {
  it('neither a host-tag nor a loop over it', () => {
    expect(summary(definition().replace(/ +host-tag: amd64\n/, ''))).toEqual(['missing-host-tag 6:15 build']);
  });

  it('whatever is wrong with the values of its loops', () => {
    const text = definition({ run: 'loop-on:\n  - param: BOARD\n    values: [1, 2]' })
      .replace(/ +host-tag: amd64\n/, '')
      .replace('name: build', 'name: build-{loop}');
    expect(summary(text)).toContain('missing-host-tag 6:15 build-{loop}');
    expect(summary(text.replace('param: BOARD', 'param: host-tag'))).not.toContain(
      'missing-host-tag 6:15 build-{loop}',
    );
  });

  it('a host-tag of another spelling is reported once', () => {
    expect(summary(definition().replace('host-tag', 'hosttag'))).toEqual(['unknown-key 9:9 hosttag']);
  });
});

it('a script whose key YAML 1.1 makes a number of is one finding, which says so', () => {
  const text = definition().replace('script: build', 'script: "3.10"').replace('  build: |', '  3.10: |');
  expect(summary(text)).toEqual(['unknown-script 8:17 "3.10"']);
  expect(findings(text)[0]?.help).toContain('`3.1`');
  expect(findings(text)[0]?.related).toMatchObject([{ line: 11, column: 3, endColumn: 7 }]);
});
