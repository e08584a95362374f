import { describe, expect, it } from 'vitest';
import { type DocumentSymbol, SymbolKind } from 'vscode-languageserver';
import { contains, foldsOf, symbolsOf } from '../../../src/language-server/index.js';
import { definition } from '../lint/rules/findings.js';
import { open } from './open-definition.js';

describe('the outline', () => {
  const names = ({ name, children }: DocumentSymbol): unknown =>
    children?.length ? [name, children.map(names)] : name;

  it('has triggers, runs and what loops make of them, and scripts', () => {
    const loop = 'loop-on: [{ param: A, values: [x, y] }, { param: host-tag, values: [🎉] }]';
    const text = definition({ run: loop }).replace('name: build', 'name: build-{loop}');
    const symbols = symbolsOf(open(text).analysis);
    expect(symbols.map(names)).toEqual([['main', [['build-{loop}', ['build-x-🎉', 'build-y-🎉']]]], 'build']);
    expect(symbols.map(({ kind }) => kind)).toEqual([SymbolKind.Event, SymbolKind.Function]);
  });

  it('has selections inside of what they select, as editors demand; also with aliases', () => {
    const alias =
      'triggers:\n- name: &n main\n  type: simple\n  runs: [&r { name: *n, container: a, host-tag: a, script: *n }, *r]\n';
    const text = `${alias}scripts: { main: &s "#!/bin/sh", other: *s }\ntimeout: 5\n`;
    const all = (symbols: DocumentSymbol[]): DocumentSymbol[] =>
      symbols.flatMap((one) => [one, ...all(one.children ?? [])]);
    const symbols = all(symbolsOf(open(text).analysis));
    expect(symbols.length).toBeGreaterThanOrEqual(3);
    for (const { range, selectionRange, name } of symbols) {
      expect(contains(range, selectionRange.start) && contains(range, selectionRange.end), name).toBe(true);
    }
  });

  it('is empty where nothing can be read', () => {
    expect(symbolsOf(open('a: [').analysis)).toEqual([]);
    expect(symbolsOf(open('- 1\n').analysis)).toEqual([]);
  });
});

describe('folding', () => {
  const folds = (text: string) =>
    foldsOf(text).map(({ startLine, endLine, kind }) => [startLine, endLine, ...(kind ? [kind] : [])]);

  it('follows the indentation, with the list of a key that is not indented', () => {
    expect(folds('a:\n- b\n- c:\n    d\n\ne: 1\n')).toEqual([
      [0, 3],
      [2, 3],
    ]);
    expect(folds('a:\n  - b: 1\n    c: 2\n  - d\ne:\r\n  f\r\n')).toEqual([
      [0, 3],
      [1, 2],
      [4, 5],
    ]);
  });

  it('folds comments of several lines, and what cannot be read', () => {
    expect(folds('# one\n# two\na: [\n  b\n')).toEqual([
      [0, 1, 'comment'],
      [2, 3],
    ]);
    expect(folds('')).toEqual([]);
  });
});
