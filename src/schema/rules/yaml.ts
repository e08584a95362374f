import type { CheckContext } from './context.js';
import type { Finding, Rule } from './rule.js';

/** Rules about the text, before there is a definition. */

/** A date is the one scalar that YAML 1.1 makes something of that JSON does not have. */
const DATE = /^\d{4}-\d/;

export const yamlSyntax: Rule = {
  id: 'yaml-syntax',
  severity: 'error',
  server: 'rejects',
  summary: 'The file cannot be read as YAML 1.1, or holds what JSON has no form for.',
  *check({ document }) {
    const { problem } = document;
    if (problem === undefined || problem.stage === 'empty' || isDate(document)) return;
    yield { path: '', ...problemFinding(problem) };
  },
};

export const emptyDefinition: Rule = {
  id: 'empty-definition',
  severity: 'error',
  server: 'rejects',
  summary: 'There is nothing in the file.',
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
  *check({ document }) {
    for (const { path, key, range, first } of document.duplicates) {
      yield {
        path,
        range,
        message: `\`${key}\` is here a second time; what stands at the first is lost.`,
        help: 'Remove one of the two.',
        related: [{ path, range: first, message: 'the first one' }],
      };
    }
  },
};

/** Whether the text does not become JSON because of a date that is not in quotes. */
export function isDate({ problem, text }: CheckContext['document']): boolean {
  if (problem?.stage !== 'json') return false;
  const line = text.split(/\r\n?|\n/, problem.range.line)[problem.range.line - 1] ?? '';
  return DATE.test(line.slice(problem.range.column - 1));
}

export function problemFinding({ message, range, help }: NonNullable<CheckContext['document']['problem']>) {
  return { message, range, ...(help !== undefined && { help }) } satisfies Omit<Finding, 'path'>;
}
