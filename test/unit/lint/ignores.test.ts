import { describe, expect, it } from 'vitest';
import { check, type LintConfig, NO_CONFIG, quieten, RULES } from '../../../src/lint/index.js';
import { loadYaml } from '../../../src/python/index.js';
import { definition, places, summary } from './rules/findings.js';

const UNUSED = `  clean: |
    #!/bin/sh -e
    make clean
`;
/** A definition with a script that no run uses, at line 15, and a line put in front of it. */
const withUnused = (above: string, behind = '') =>
  definition() + above + UNUSED.replace('clean: |', `clean: |${behind}`);

describe('a comment that silences a rule', () => {
  it.each([
    ['above the line', withUnused('  # jobserv: ignore[unused-script]\n')],
    ['on the line', withUnused('', ' # jobserv: ignore[unused-script]')],
    ['with a reason', withUnused('  # jobserv: ignore[unused-script] people run it by hand\n')],
    ['among others', withUnused('  # jobserv: ignore[ unused-script , unused-ignore, secret-name ]\n')],
    ['with other comments and blank lines below it', withUnused('  # jobserv: ignore[unused-script]\n\n  # more\n')],
    ['in a file with CRLF', withUnused('  # jobserv: ignore[unused-script]\n').replaceAll('\n', '\r\n')],
    ['behind a byte order mark', `\ufeff${withUnused('  # jobserv: ignore[unused-script]\n')}`],
  ])('counts %s', (_, text) => {
    expect(summary(text)).toEqual([]);
  });

  it.each([
    ['two lines above', withUnused('  # jobserv: ignore[unused-script]\n  other: &x |\n    #!/bin/sh\n    true\n')],
    ['in a text', definition({ run: 'params: {A: "# jobserv: ignore[unused-script]"}' }) + UNUSED],
    ['without the colon', withUnused('  # jobserv ignore[unused-script]\n')],
    ['as another word', withUnused('  # jobserv: ignore-me[unused-script]\n')],
  ])('does not count %s', (_, text) => {
    expect(summary(text).some((line) => line.startsWith('unused-script') && line.endsWith('clean'))).toBe(true);
  });

  it('counts in a script, as a comment of the script or at its head', () => {
    const silences = (from: string, to: string) => {
      const document = loadYaml(definition().replace(from, to));
      const line = document.text.split('\n').findIndex((text) => text.startsWith('    make')) + 1;
      const finding = {
        rule: 'secret-name',
        severity: 'error',
        server: 'fails',
        message: 'x',
        path: '/scripts/build',
      } as const;
      const found = { ...finding, line, column: 5, endLine: line, endColumn: 9 };
      return quieten([found], document, NO_CONFIG, RULES).length === 0;
    };
    expect(silences('    make\n', '    # jobserv: ignore[secret-name]\n    make\n')).toBe(true);
    expect(silences('    make\n', '    make # jobserv: ignore[secret-name]\n')).toBe(true);
    expect(silences('  build: |', '  # jobserv: ignore[secret-name]\n  build: |')).toBe(true);
    expect(silences('  build: |', '  build: | # jobserv: ignore[secret-name]')).toBe(true);
    expect(silences('    make\n', '    make\n    # jobserv: ignore[secret-name]\n')).toBe(false);
    expect(silences('    make\n', '    make "#jobserv: ignore[secret-name]"\n')).toBe(false);
  });

  it('never hides why the server rejects a definition', () => {
    const text = definition().replace('script: build', 'script: biuld # jobserv: ignore[unknown-script]');
    const { accepted, diagnostics } = check(text);
    expect(accepted).toBe(false);
    expect(diagnostics.map(({ rule }) => rule)).toEqual(['unknown-script']);
  });

  it('that names no rule there is, is told, with what was meant', () => {
    const text = withUnused('  # jobserv: ignore[unused-scirpt, unused-script]\n');
    expect(places(text, 'unknown-ignore')).toEqual(['14:21 unused-scirpt']);
    expect(check(text).diagnostics[0]?.help).toContain('Did you mean `unused-script`?');
    expect(places(withUnused('  # jobserv: ignore\n'), 'unknown-ignore')).toEqual(['14:3 # jobserv: ignore']);
  });

  it('that misspells `ignore` is told, but not a sentence', () => {
    const misspelt = withUnused('  # jobserv: ingore[unused-script]\n');
    expect(summary(misspelt)).toEqual([
      'unknown-ignore 14:3 # jobserv: ingore[unused-script]',
      'unused-script 15:3 clean',
    ]);
    expect(places(withUnused('  # jobserv: see its docs\n'), 'unknown-ignore')).toEqual([]);
  });

  it('that silences nothing is told, but not while other rules cannot look', () => {
    const text = definition({ run: 'params: {A: x} # jobserv: ignore[secret-name]' });
    expect(summary(text)).toEqual(['unused-ignore 10:42 secret-name']);
    expect(summary(text.replace('timeout: 30', 'timeout: x'))).toEqual(['wrong-type 1:10 x']);
  });

  it('is not called useless where the rule lacks what it needs to look', () => {
    const text = definition({ run: 'params: {A: x} # jobserv: ignore[unknown-secret]' });
    expect(summary(text)).toEqual([]);
    const rules = check(text, { rules: new Map(), secrets: ['x'] }).diagnostics.map(({ rule }) => rule);
    expect(rules).toEqual(['unused-ignore']);
  });

  it('is no burden in thousands', () => {
    const text = definition() + '# jobserv: ignore[unused-script]\n'.repeat(20_000);
    expect(check(text).diagnostics).toHaveLength(20_000);
  });
});

describe('the configuration', () => {
  const weighed = (text: string, rules: [string, 'off' | 'info' | 'warning' | 'error'][]) => {
    const config: LintConfig = { rules: new Map(rules) };
    return check(text, config).diagnostics.map(({ rule, severity }) => `${severity} ${rule}`);
  };

  it('turns rules off, and weighs them otherwise', () => {
    expect(weighed(withUnused(''), [])).toEqual(['warning unused-script']);
    expect(weighed(withUnused(''), [['unused-script', 'off']])).toEqual([]);
    expect(weighed(withUnused(''), [['unused-script', 'error']])).toEqual(['error unused-script']);
  });

  it('does not make a comment useless: it silences what is turned off as well', () => {
    expect(weighed(withUnused('  # jobserv: ignore[unused-script]\n'), [['unused-script', 'off']])).toEqual([]);
  });

  it('never hides why the server rejects a definition', () => {
    const text = definition().replace('script: build', 'script: biuld');
    expect(weighed(text, [['unknown-script', 'off']])).toEqual(['error unknown-script']);
    expect(check(text, { rules: new Map([['unknown-script', 'off']]) }).accepted).toBe(false);
  });
});
