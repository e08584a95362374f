import { expect, it } from 'vitest';
import { check, type Diagnostic, fix, NO_CONFIG, type Range, RULES } from '../../../src/lint/index.js';

/** What holds of every text: the examples of the rules, each damaged in many ways, always the same. */

const SCALARS = [
  '',
  'x',
  'yes',
  '3.10',
  '~',
  '2024-01-01',
  '[]',
  '{}',
  '[a, 1]',
  '{a: b}',
  '*a',
  '&a',
  '!!str 1',
  '"\\x41"',
];
const PIECES = [
  '\t',
  '\n',
  ' ',
  ': ',
  '- ',
  '#',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '&',
  '*',
  '!',
  '|',
  '>',
  '{loop}',
  '日',
  '\u0301',
  '\\',
  '$(',
  '(',
  '`',
];

/** Numbers below a limit that look as if by chance (Lehmer's generator). */
function chance(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48271) % 2147483647;
    return state % limit;
  };
}

function mutant(text: string, below: (limit: number) => number): string {
  const lines = text.split('\n');
  const at = below(lines.length);
  const line = lines[at] ?? '';
  const other = lines[below(lines.length)] ?? '';
  switch (below(6)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, other);
      break;
    case 2:
      lines[at] = below(2) === 0 ? `  ${line}` : line.slice(2);
      break;
    case 3:
      lines[at] = line.replace(/:.*/, `: ${SCALARS[below(SCALARS.length)]}`);
      break;
    default: {
      const place = below(line.length + 1);
      const kept = line.slice(place + below(3));
      lines[at] = `${line.slice(0, place)}${PIECES[below(PIECES.length)]}${kept}`;
    }
  }
  return lines.join('\n');
}

const EXAMPLES = RULES.flatMap(({ explain }) => [explain.bad, explain.good]);
const MUTANTS = EXAMPLES.flatMap((example, i) => {
  const below = chance(i + 1);
  return Array.from({ length: 8 }, () => mutant(example, below)).map((text, j) =>
    j % 2 === 0 ? text : mutant(text, below),
  );
});

/** Each mutant with what is wrong about it; the first few are enough to see. */
function failures(problem: (text: string) => unknown): [string, unknown][] {
  return MUTANTS.map((text): [string, unknown] => [text, problem(text)])
    .filter(([, found]) => found !== undefined)
    .slice(0, 3);
}

it('there are many, and of all kinds', () => {
  const accepted = MUTANTS.filter((text) => check(text).accepted).length;
  expect(MUTANTS.length).toBeGreaterThan(800);
  expect(accepted).toBeGreaterThan(100);
  expect(MUTANTS.length - accepted).toBeGreaterThan(100);
});

it('a rejected text has a finding that says why, and an accepted one has none', () => {
  const found = failures((text) => {
    const { accepted, diagnostics } = check(text);
    return accepted === diagnostics.some(({ server }) => server === 'rejects') ? diagnostics : undefined;
  });
  expect(found).toEqual([]);
});

it('every place is in the text, and every message is whole', () => {
  const found = failures((text) => {
    const lines = text.split('\n');
    const isIn = (line: number, column: number) =>
      line >= 1 && column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 1;
    const isPlace = ({ line, column, endLine, endColumn }: Range) =>
      isIn(line, column) && isIn(endLine, endColumn) && (endLine > line || (endLine === line && endColumn >= column));
    const isWhole = ({ message, help = '', related = [] }: Diagnostic) =>
      !/undefined|NaN|\[object/.test([message, help, ...related.map((one) => one.message)].join(' '));
    return check(text).diagnostics.find((one) => ![one, ...(one.related ?? [])].every(isPlace) || !isWhole(one));
  });
  expect(found).toEqual([]);
});

it('the same is found whatever the line ends', () => {
  const told = (text: string) =>
    check(text).diagnostics.map((one) => `${one.rule} ${one.line}:${one.column}-${one.endLine}:${one.endColumn}`);
  const found = failures((text) => {
    const [lf, crlf] = [told(text), told(text.replaceAll('\n', '\r\n'))];
    return lf.join() === crlf.join() ? undefined : { lf, crlf };
  });
  expect(found).toEqual([]);
});

it('a repair makes nothing worse, and made twice is made once', () => {
  const rejections = (all: Diagnostic[]) => all.filter(({ server }) => server === 'rejects').length;
  const found = failures((text) => {
    const before = check(text).diagnostics;
    if (!before.some((one) => one.fix)) return undefined;
    const once = fix(text, NO_CONFIG);
    if (rejections(once.result.diagnostics) > rejections(before)) return 'worse';
    return fix(once.text, NO_CONFIG).text === once.text ? undefined : 'not made once';
  });
  expect(found).toEqual([]);
});
