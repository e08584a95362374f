import { describe, expect, it } from 'vitest';
import { CheckContext, check, NO_CONFIG, SHELL_RULE, type ShellChecker, shellNotes } from '../../../src/lint/index.js';
import { loadYaml } from '../../../src/python/index.js';
import { definition, place } from './rules/findings.js';

/** Finds each `$x`, in code points as shellcheck counts. */
const checker: ShellChecker = (script) =>
  script.split('\n').flatMap((text, i) => {
    const column = Array.from(text.split('$x')[0] ?? '').length + 1;
    const found = { code: 'SC2086', message: 'Quote it.', line: i + 1, column, endLine: i + 1, endColumn: column + 2 };
    return text.includes('$x') ? [found] : [];
  });

const withScript = (script: string) => definition().replace(/ {2}build: \|[\s\S]*$/, `  build: ${script}`);
function notes(text: string): string[] {
  const { diagnostics } = check(text, NO_CONFIG, checker);
  return diagnostics.filter(({ rule }) => rule === SHELL_RULE).map((found) => `${found.rule} ${place(text, found)}`);
}

describe('what a linter for shells says', () => {
  it.each([
    ['a block scalar', '|\n    #!/bin/sh\n    echo $x\n', '13:10 $x'],
    ['one that begins with more blanks', '|2\n      #!/bin/sh\n    echo $x\n', undefined],
    ['wide characters', '|\n    #!/bin/sh\n    echo "日本🚀e\u0301" $x\n', '13:19 $x'],
    ['tabs', '|\n    #!/bin/sh\n    \tif true; then echo $x; fi\n', '13:25 $x'],
    ['CRLF', '|\r\n    #!/bin/sh\r\n    echo $x\r\n', '13:10 $x'],
  ])('stands under the words in %s', (_, script, expected) => {
    expect(notes(withScript(script))).toEqual(expected === undefined ? [] : [`shell-syntax ${expected}`]);
  });

  it('stands at the name of a script that is written in another way', () => {
    const text = withScript('"#!/bin/sh\\necho $x\\n"\n');
    expect(notes(text)).toEqual(['shell-syntax 11:3 build']);
    expect(check(text, NO_CONFIG, checker).diagnostics[0]?.message).toBe(
      'In line 2 of the script: shellcheck: Quote it. (SC2086)',
    );
  });

  it('is a warning, which a comment silences', () => {
    const text = withScript('|\n    #!/bin/sh\n    # jobserv: ignore[shell-syntax]\n    echo $x\n');
    expect(notes(text).filter((note) => note.includes('$x'))).toEqual([]);
    const { accepted, diagnostics } = check(withScript('|\n    #!/bin/sh\n    echo $x\n'), NO_CONFIG, checker);
    expect(accepted).toBe(true);
    expect(diagnostics).toMatchObject([{ severity: 'warning', server: 'accepts' }]);
  });

  it('is not asked for scripts in other languages, or that no shell can read', () => {
    expect(notes(withScript('|\n    #!/usr/bin/python3\n    $x\n'))).toEqual([]);
    const context = new CheckContext(loadYaml(withScript('|\n    #!/bin/sh\n    if $x; then\n')));
    const range = { line: 13, column: 5, endLine: 13, endColumn: 7 };
    const fault = {
      rule: 'shell-syntax',
      severity: 'error',
      server: 'fails',
      message: 'x',
      path: '/scripts/build',
    } as const;
    expect([...shellNotes(context, [{ ...fault, ...range }], checker)]).toEqual([]);
    expect([...shellNotes(context, [], checker)]).toHaveLength(1);
  });
});
