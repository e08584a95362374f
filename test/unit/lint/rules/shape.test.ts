import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, findings, places, summary } from './findings.js';

const run = (lines: string) => definition({ run: lines });

describe('yaml11-type', () => {
  it.each(['3.10', 'yes', 'Off', '010', '0x1f', '12:30', '1_000', '1234567', '.5', '6.02e+23', '-1', '.inf'])(
    'finds %s where a text is needed, and the repair is to quote it as written',
    (raw) => {
      const text = run(`params:\n  VALUE: ${raw}`);
      const [finding, ...others] = findings(text);
      expect(others).toEqual([]);
      expect(finding).toMatchObject({ rule: 'yaml11-type', server: 'rejects', help: `Put it in quotes: "${raw}".` });
      expect(places(text)).toEqual([`11:18 ${raw}`]);
      expect(check(text.replace(`: ${raw}`, `: "${raw}"`))).toMatchObject({ accepted: true, diagnostics: [] });
    },
  );

  it.each(['y', '1e3', '0o17', '1.2.3', '08', '12:99', 'nullish', '12-30'])('%s is a text', (raw) => {
    expect(summary(run(`params:\n  VALUE: ${raw}`))).toEqual([]);
  });

  it('a SHA of digits in a loop', () => {
    const text = run('loop-on:\n  - param: SHA\n    values: ["1a", 20240117]').replace('name: build', 'name: b-{loop}');
    expect(summary(text)).toEqual(['yaml11-type 12:28 20240117']);
  });

  it('every date, and what else is wrong beside them', () => {
    const text = run('params:\n  SINCE: 2024-01-01\n  UNTIL: 2024-12-31T10:00:00Z\nprivilged: true');
    expect(summary(text)).toEqual([
      'yaml11-type 11:18 2024-01-01',
      'yaml11-type 12:18 2024-12-31T10:00:00Z',
      'unknown-key 13:9 privilged',
    ]);
    expect(check(text).accepted).toBe(false);
  });

  it('a date where no text is needed is a date and nothing more', () => {
    expect(summary(definition().replace('timeout: 30', 'timeout: 2024-01-01'))).toEqual([
      'yaml11-type 1:10 2024-01-01',
    ]);
  });

  it('a date as a key', () => {
    expect(summary(run('params:\n  2024-01-01: x'))).toEqual(['yaml11-type 11:11 2024-01-01']);
  });

  it.each([
    ['1:30', 90],
    ['010', 8],
  ])('a timeout of %s is accepted, as another number', (raw, minutes) => {
    const text = definition().replace('timeout: 30', `timeout: ${raw}`);
    const [finding] = findings(text, 'yaml11-type');
    expect(finding).toMatchObject({ severity: 'warning', server: 'misbehaves', line: 1, column: 10 });
    expect(finding?.message).toContain(`${minutes} minutes`);
    expect(check(text).accepted).toBe(true);
  });

  it.each([
    ['yes', 'true'],
    ['3.10', '3.1'],
    ['010', '8'],
    ['~', 'null'],
  ])('a key %s, which becomes %s', (raw, key) => {
    const text = run(`params:\n  ${raw}: x`);
    expect(findings(text)).toMatchObject([{ rule: 'yaml11-type', severity: 'warning', line: 11, column: 11 }]);
    expect(findings(text)[0]?.message).toContain(`\`${key}\``);
  });

  it.each(['"yes"', "'3.10'", '1', 'yesterday'])('a key %s stays what it is', (raw) => {
    expect(findings(run(`params:\n  ${raw}: x`), 'yaml11-type')).toEqual([]);
  });
});

describe('wrong-type', () => {
  it.each([
    ['timeout: "30"', '30', 'Remove the quotes.'],
    ['timeout: "030"', undefined, undefined],
    ['timeout: soon', undefined, undefined],
  ])('%s', (line, _, help) => {
    const [finding, ...others] = findings(definition().replace('timeout: 30', line));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'wrong-type', line: 1, column: 10 });
    expect(finding?.help).toBe(help);
  });

  it('a flag in quotes, and a list that is one text', () => {
    expect(summary(run("privileged: 'true'\ncap-add: SYS_NICE"))).toEqual([
      "wrong-type 10:21 'true'",
      'wrong-type 11:18 SYS_NICE',
    ]);
  });

  it('a mapping where a list is needed is shown at its key', () => {
    expect(summary(run('loop-on:\n  param: A\n  values: [a]'))).toEqual(['wrong-type 10:9 loop-on']);
  });
});

describe('unknown-key and missing-key', () => {
  it('one misspelt key is one finding, though the right one is missing', () => {
    const [finding, ...others] = findings(definition().replace('container:', 'contianer:'));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'unknown-key', line: 7, column: 9, endColumn: 18 });
    expect(finding?.help).toMatch(/^Did you mean `container`\?/);
  });

  it.each(['host_tag', 'hostTag', 'Host-Tag'])('%s is another spelling of host-tag', (key) => {
    const [finding, ...others] = findings(definition().replace('host-tag', key));
    expect(others).toEqual([]);
    expect(finding?.help).toMatch(/^Did you mean `host-tag`\?/);
  });

  it('a name that no volume can have', () => {
    expect(summary(run('persistent-volumes:\n  a/b: /x'))).toEqual(['unknown-key 11:11 a/b']);
  });

  it('each missing key, at the name of what lacks it', () => {
    expect(
      summary('triggers:\n  - name: a\n    runs:\n      - name: b\n        host-tag: x\n        script: s\n'),
    ).toEqual(['missing-key 1:1 triggers', 'missing-key 2:11 a', 'missing-key 4:15 b', 'unknown-script 6:17 s']);
  });
});

describe('null-value', () => {
  it.each([
    ['params:\n  A:', 'warning', 'misbehaves', '11:11 A'],
    ['host-tag:', 'error', 'fails', '9:9 host-tag'],
    ['params:', 'error', 'rejects', '10:9 params'],
  ])('%j: %s, the server %s', (lines, severity, server, place) => {
    expect(findings(run(lines))).toMatchObject([{ rule: 'null-value', severity, server }]);
    expect(places(run(lines))).toEqual([place]);
  });

  it('a script that is nothing', () => {
    const text = definition().replace(/build: \|\n.*\n.*\n/, 'build:\n');
    expect(findings(text)).toMatchObject([{ rule: 'null-value', server: 'fails', path: '/scripts/build' }]);
  });

  it('a branch filter of a pull request that is nothing', () => {
    const text = definition({ type: 'github_pr', trigger: 'params:\n  GH_BRANCH:' });
    expect(findings(text)).toMatchObject([{ rule: 'null-value', server: 'fails', line: 6 }]);
  });

  it.each(['container-auth:', 'cap-add:', 'container-user:', 'privileged: ~', 'loop-on: null'])(
    '%s counts as not given',
    (line) => {
      expect(summary(run(line))).toEqual([]);
    },
  );

  it('a host-tag that a loop sets may be nothing', () => {
    const text = run('host-tag:\nloop-on:\n  - { param: host-tag, values: [a, b] }').replace(
      'name: build',
      'name: b-{loop}',
    );
    expect(summary(text)).toEqual([]);
  });
});

describe('duplicate-key', () => {
  it('the later one, with the first one related', () => {
    const text = run('params: { A: x, B: y, A: z }');
    expect(summary(text)).toEqual(['duplicate-key 10:31 A']);
    expect(findings(text)[0]?.related).toMatchObject([{ line: 10, column: 19 }]);
  });

  it('in a mapping that a repeated key hides, too', () => {
    expect(summary(run('params: { A: x }\nparams: { B: y, B: z }'))).toEqual([
      'duplicate-key 11:9 params',
      'duplicate-key 11:25 B',
    ]);
  });

  it('a key that a merge brings is no repetition', () => {
    expect(summary(definition({ top: 'params: &p { A: x, B: y }', run: 'params: { <<: *p, A: z }' }))).toEqual([]);
  });
});

describe('yaml-syntax', () => {
  it.each([
    ['a tab', 'timeout: 30\n\ttriggers: []', 2],
    ['two documents', `${definition()}---\n${definition()}`, 14],
    ['a tag of its own', 'timeout: !include x.yml', 1],
    ['an anchor that is not there', 'timeout: *x', 1],
  ])('%s is one finding', (_, text, line) => {
    expect(findings(text)).toMatchObject([{ rule: 'yaml-syntax', server: 'rejects', line }]);
  });

  it.each(['', '# nothing\n', '{}', '~', '---\n'])('%j is empty', (text) => {
    expect(findings(text)).toMatchObject([{ rule: 'empty-definition', server: 'rejects' }]);
  });
});

it.each([
  ['no-break space (U+00A0)', definition().replace('timeout: 30', 'timeout: 30\u00a0')],
  ['zero-width space (U+200B)', definition().replace('host-tag', 'host-tag\u200b')],
  ['no-break space (U+00A0)', definition().replace('        container', '    \u00a0   container')],
])('a character that nobody sees is named: a %s', (name, text) => {
  const [first] = check(text).diagnostics;
  expect(`${first?.message} ${first?.help}`).toContain(name);
});
