import { helpWithChoices } from '../suggest.js';
import { childPath, valueAt } from '../values.js';
import { PyFloat, type YamlValue } from '../yaml/load.js';
import type { CheckContext } from './context.js';
import type { Finding, Rule } from './rule.js';
import { isDate, problemFinding } from './yaml.js';

/** Rules about keys and types: what the server's schema says. */

const KINDS: Record<string, string> = {
  string: 'a text',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

export const unknownKey: Rule = {
  id: 'unknown-key',
  severity: 'error',
  server: 'rejects',
  summary: 'A mapping has a key that the server does not know.',
  *check({ faults }) {
    for (const fault of faults) {
      if (fault.kind !== 'unknown-key') continue;
      const { key, choices } = fault;
      const place = { path: childPath(fault.path, key), at: 'key' as const };
      if (fault.volumes) {
        const message = `\`${key}\` cannot be the name of a volume.`;
        yield { ...place, message, help: 'Use letters, digits, `_`, `.` and `-` only.' };
        continue;
      }
      const help = helpWithChoices(key, choices, 'Known here');
      yield { ...place, message: `There is no key \`${key}\` here.`, ...(help !== undefined && { help }) };
    }
  },
};

export const missingKey: Rule = {
  id: 'missing-key',
  severity: 'error',
  server: 'rejects',
  summary: 'A mapping lacks a key that the server needs.',
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'missing-key' || context.isMisspelt(fault.path, fault.key)) continue;
      yield { path: fault.path, at: 'whole', message: `The key \`${fault.key}\` is missing here.` };
    }
  },
};

export const nullValue: Rule = {
  id: 'null-value',
  severity: 'error',
  server: 'rejects',
  summary: 'A key has no value where the server needs one.',
  *check({ faults, problems }) {
    for (const fault of faults) {
      if (fault.kind !== 'wrong-type' || fault.value !== null) continue;
      const { path, expected } = fault;
      yield {
        path,
        message: `There is no value here; ${wanted(expected)} is needed.`,
        help: 'Give a value or remove it.',
      };
    }
    for (const { kind, path, message } of problems) if (kind === 'null-value') yield { path, message };
  },
};

export const yaml11Type: Rule = {
  id: 'yaml11-type',
  severity: 'error',
  server: 'rejects',
  summary: 'A text without quotes is something else to YAML 1.1: `yes`, `3.10`, `010`, `12:30`, `2024-01-01`.',
  *check(context) {
    const { faults, document } = context;
    for (const fault of faults) {
      const layout = plainScalar(context, fault);
      if (layout === undefined || fault.kind !== 'wrong-type') continue;
      const { path, value } = fault;
      const message = `\`${layout.raw}\` is ${kindOf(value)} to YAML 1.1; a text is needed.`;
      yield { path, message, help: `Put it in quotes: "${layout.raw}".` };
    }
    if (document.problem && isDate(document)) yield { path: '', ...problemFinding(document.problem) };
  },
};

export const wrongType: Rule = {
  id: 'wrong-type',
  severity: 'error',
  server: 'rejects',
  summary: 'A value is of another type than the server needs.',
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'wrong-type' || fault.value === null || plainScalar(context, fault)) continue;
      yield wrongTypeFinding(fault.path, fault.expected, fault.value);
    }
  },
};

function wrongTypeFinding(path: string, expected: string[], value: YamlValue): Finding {
  const number = expected.includes('integer') && typeof value === 'string' && /^[0-9]+$/.test(value);
  const text = typeof value === 'string' && ['true', 'false'].includes(value) && expected.includes('boolean');
  const help = number || text ? { help: 'Remove the quotes.' } : {};
  return { path, message: `This is ${kindOf(value)}; ${wanted(expected)} is needed.`, ...help };
}

/** How a scalar is written that would be a text in quotes, and must be one. */
function plainScalar({ document }: CheckContext, fault: CheckContext['faults'][number]) {
  if (fault.kind !== 'wrong-type' || !fault.expected.includes('string')) return undefined;
  if (fault.value === null || typeof fault.value === 'string' || Array.isArray(fault.value)) return undefined;
  const layout = document.layout(fault.path);
  return layout?.style === 'plain' ? layout : undefined;
}

export const nameLength: Rule = {
  id: 'name-length',
  severity: 'error',
  server: 'rejects',
  summary: 'A trigger has a name of more than 80 characters, or a run one of 80 or more after its loop is expanded.',
  *check({ document, faults, problems }) {
    for (const fault of faults) {
      if (fault.kind !== 'too-long') continue;
      const name = valueAt(document.value, fault.path);
      const message = `The name of a trigger has at most ${fault.limit} characters; this has ${[...String(name)].length}.`;
      yield { path: fault.path, message };
    }
    for (const { kind, path, message } of problems) if (kind === 'name-length') yield { path, message };
  },
};

function wanted(expected: string[]): string {
  return expected.flatMap((type) => KINDS[type] ?? []).join(' or ');
}

function kindOf(value: YamlValue): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return `the value ${value}`;
  if (value instanceof PyFloat) return `the number ${value}`;
  return typeof value === 'object' ? 'a mapping' : `the number ${value}`;
}
