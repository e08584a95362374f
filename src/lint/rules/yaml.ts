import type { CheckContext } from '../context.js';
import type { Range } from '../diagnostic.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import { linesOf, locatedText } from '../places.js';
import type { Edit, Finding, Rule } from '../rule.js';

/** Rules about the text, before there is a definition. */

/** A date is the one scalar that YAML 1.1 makes something of that JSON does not have. */
const DATE = /^\d{4}-\d/;

export const yamlSyntax: Rule = {
  id: 'yaml-syntax',
  severity: 'error',
  server: 'rejects',
  summary: 'The file cannot be read as YAML 1.1, or holds what JSON has no form for.',
  explain: {
    why: `The definition is read as YAML 1.1, the way PyYAML's safe loader reads it, and goes to the server as JSON. Text that this loader refuses never gets there, even where a newer YAML parser would take it: tabs as indentation, several documents in one file, a list or a mapping as a key, a tag that is not known.`,
    bad: `${ONE_RUN}      - name: build: nightly
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: "build: nightly"
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check({ document }) {
    const { problem } = document;
    if (problem === undefined || problem.stage === 'empty') return;
    if (document.dates.includes(problem) || isDate({ document })) return;
    yield { path: '', ...problemFinding(problem) };
  },
};

export const emptyDefinition: Rule = {
  id: 'empty-definition',
  severity: 'error',
  server: 'rejects',
  summary: 'There is nothing in the file.',
  explain: {
    why: 'A file with comments only, or with an empty mapping, holds no definition. The server refuses it.',
    bad: '# to be written\n',
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check({ document: { problem } }) {
    if (problem?.stage !== 'empty') return;
    yield { path: '', ...problemFinding(problem), help: 'A definition needs at least `timeout` and `triggers`.' };
  },
};

export const duplicateKey: Rule = {
  id: 'duplicate-key',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A key stands in one mapping twice: the last one counts, the others are lost.',
  explain: {
    why: 'PyYAML takes the last of several equal keys and says nothing, so the server never sees the others: a whole list of triggers can vanish like this. YAML itself calls it an error, which is why other tools refuse such a file.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
        params:
          BOARD: nrf52
          DEBUG: "0"
          BOARD: stm32
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
        params:
          DEBUG: "0"
          BOARD: stm32
${SCRIPTS}`,
  },
  *check({ document }) {
    if (document.duplicates.length === 0) return;
    const lines = linesOf(document);
    for (const { path, key, range, first } of document.duplicates) {
      const fix = removalOfEqualLine(lines, first, range);
      yield {
        path,
        range,
        message: `\`${key}\` is here a second time; what stands at the first is lost.`,
        help: 'Remove one of the two.',
        related: [{ path, range: first, message: 'the first one' }],
        ...(fix && { fix }),
      };
    }
  },
};

/** `key: value` on one line, the value being no start of something longer. */
const ONE_LINE_PAIR = /^[^\s"'#&*!|>{[][^\s"'#&*!|>{[]*:[ \t]+(?:[\w./:+@%-]+|"[^"\\]*"|'[^']*')[ \t]*$/;

/** Takes the later line out where both say the same and it holds nothing else. */
function removalOfEqualLine(lines: string[], first: Range, again: Range): Edit | undefined {
  const text = lines[again.line - 1] ?? '';
  const pair = text.slice(again.column - 1);
  if (!ONE_LINE_PAIR.test(pair) || text.slice(0, again.column - 1).trim() !== '') return undefined;
  if ((lines[first.line - 1] ?? '').slice(first.column - 1).trimEnd() !== pair.trimEnd()) return undefined;
  // On the last line there is no line end to take away.
  if (again.line === lines.length || [first, again].some(({ line, column }) => goesOn(lines[line], column))) return;
  return { range: { line: again.line, column: 1, endLine: again.line + 1, endColumn: 1 }, text: '' };
}

/** Whether the line behind a pair may belong to its value. */
function goesOn(next: string | undefined, column: number): boolean {
  return next !== undefined && (next.trim() === '' || next.search(/\S/) >= column);
}

/** Whether the text does not become JSON because of a date that is not in quotes. */
export function isDate({ document }: Pick<CheckContext, 'document'>): boolean {
  const { problem } = document;
  return problem?.stage === 'json' && DATE.test(locatedText(document, problem.range) ?? '');
}

export function problemFinding({ message, range, help }: NonNullable<CheckContext['document']['problem']>) {
  return { message, range, ...(help !== undefined && { help }) } satisfies Omit<Finding, 'path'>;
}
