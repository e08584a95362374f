import { describe, expect, it } from 'vitest';
import { CheckContext, check, type Edit, type Range, RULES } from '../../../../src/lint/index.js';
import { loadYaml } from '../../../../src/python/index.js';
import { definition } from './findings.js';

function fixesOf(text: string): Edit[] {
  const context = new CheckContext(loadYaml(text));
  return RULES.flatMap((rule) => [...rule.check(context)].flatMap(({ fix }) => (fix ? [fix] : [])));
}

function offset(text: string, line: number, column: number): number {
  const starts = [0, ...[...text.matchAll(/\r\n?|\n/g)].map((end) => end.index + end[0].length)];
  return (starts[line - 1] ?? text.length) + column - 1;
}

function span(text: string, { line, column, endLine, endColumn }: Range): [number, number] {
  return [offset(text, line, column), offset(text, endLine, endColumn)];
}

/** Makes every repair, from the end to the start. */
function repair(text: string): string {
  const edits = fixesOf(text).map((fix) => ({ at: span(text, fix.range), text: fix.text }));
  edits.sort((a, b) => b.at[0] - a.at[0]);
  return edits.reduce((done, edit) => done.slice(0, edit.at[0]) + edit.text + done.slice(edit.at[1]), text);
}

const run = (lines: string) => definition({ run: lines });

describe('repairs', () => {
  it.each([
    [
      'quotes',
      run('params: { A: 3.10, B: yes, C: 010 } # why'),
      run('params: { A: "3.10", B: "yes", C: "010" } # why'),
    ],
    [
      'quotes of dates',
      run('params:\n  A: 2024-01-01\n  B: 2024-12-31'),
      run('params:\n  A: "2024-01-01"\n  B: "2024-12-31"'),
    ],
    ['no quotes', run("privileged: 'false'").replace('timeout: 30', 'timeout: "30"'), run('privileged: false')],
    [
      'the spelling of a key',
      run('containerUser: root\ncap_add: [CHOWN]'),
      run('container-user: root\ncap-add: [CHOWN]'),
    ],
    [
      'a line that is there twice',
      run('params:\n  A: x\n  B: y\n  A: x\n  C: z'),
      run('params:\n  A: x\n  B: y\n  C: z'),
    ],
  ])('%s', (_, text, repaired) => {
    expect(repair(text)).toBe(repaired);
    expect(check(repaired)).toMatchObject({ accepted: true, diagnostics: [] });
    expect(repair(text.replaceAll('\n', '\r\n'))).toBe(repaired.replaceAll('\n', '\r\n'));
  });

  it.each([
    ['a key that is only alike', definition().replace('container:', 'contianer:')],
    ['a key whose right form is there too', run('host_tag: x')],
    ['a value with a tag', run('params: { A: !!int 3 }')],
    ['a date with a tag', run('params: { A: !!timestamp 2024-01-01 }')],
    ['a line that says something else', run('params:\n  A: x\n  A: y')],
    ['a line whose value goes on', run('params:\n  A: x\n  B: y\n  A: x\n    more')],
    ['a text in two lines', run('params:\n  A: x\n    more\n  A: x\n  B: y')],
    ['a number in quotes that would be another', definition().replace('timeout: 30', 'timeout: "030"')],
    ['keys that are accepted', run('params: { yes: x }')],
  ])('leaves %s to a person', (_, text) => {
    expect(fixesOf(text)).toEqual([]);
  });
});
