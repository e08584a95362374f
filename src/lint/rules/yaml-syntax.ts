import type { YamlProblem } from '../../python/index.js';
import type { CheckContext } from '../context.js';
import type { Fault } from '../finding.js';
import { locatedText } from '../places.js';
import type { RuleCheck } from '../rule.js';

/** A date is the one scalar that YAML 1.1 makes something of that JSON does not have. */
const DATE = /^\d{4}-\d/;

export const yamlSyntax: RuleCheck = {
  id: 'yaml-syntax',
  severity: 'error',
  server: 'rejects',
  *check({ document }) {
    const { problem } = document;
    if (problem === undefined || problem.stage === 'empty') return;
    if (document.dates.includes(problem) || isDate({ document })) return;
    yield { path: '', ...problemFinding(problem) };
  },
};

/** Whether the text does not become JSON because of a date that is not in quotes. */
export function isDate({ document }: Pick<CheckContext, 'document'>): boolean {
  const { problem } = document;
  return problem?.stage === 'json' && DATE.test(locatedText(document, problem.range) ?? '');
}

export function problemFinding({ message, range, help }: YamlProblem): Fault {
  return { message, range, help };
}
