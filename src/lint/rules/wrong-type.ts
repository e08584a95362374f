import { invisibleHelp, type LoadedYaml, PyFloat, type YamlValue } from '../../python/index.js';
import type { CheckContext } from '../context.js';
import type { Finding, Range } from '../finding.js';
import { linesOf } from '../places.js';
import type { RuleCheck } from '../rule.js';

const KINDS: Record<string, string> = {
  string: 'a text',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

export const wrongType: RuleCheck = {
  id: 'wrong-type',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'wrong-type' || fault.value === null || plainScalar(context, fault)) continue;
      if (isDateAt(context, fault.path)) continue;
      yield wrongTypeFinding(context, fault.path, fault.expected, fault.value);
    }
  },
};

function wrongTypeFinding({ document }: CheckContext, path: string, expected: string[], value: YamlValue): Finding {
  const message = `This is ${kindOf(value)}; ${wanted(expected)} is needed.`;
  const bare = typeof value === 'string' && BARE.some(([type, text]) => expected.includes(type) && text.test(value));
  const hidden = typeof value === 'string' ? invisibleHelp(value) : undefined;
  if (!bare) return { path, message, help: hidden };
  const layout = document.layout(path);
  const quoted = layout?.raw === `"${value}"` || layout?.raw === `'${value}'`;
  const fix = quoted && !isTagged(document, layout.range) ? { range: layout.range, text: value } : undefined;
  return { path, message, help: 'Remove the quotes.', fix };
}

/** What has the type without its quotes. */
const BARE = [
  ['integer', /^(?:0|[1-9][0-9]*)$/],
  ['boolean', /^(?:true|false)$/],
] as const;

/** Another rule reports dates. */
function isDateAt({ document }: CheckContext, path: string): boolean {
  if (document.dates.length === 0) return false;
  const place = document.locate(path)?.value;
  return document.dates.some(({ range }) => range.line === place?.line && range.column === place.column);
}

/** The layout of a scalar that must be a text, and would be one in quotes. */
export function plainScalar({ document }: CheckContext, fault: CheckContext['faults'][number]) {
  if (fault.kind !== 'wrong-type' || !fault.expected.includes('string')) return undefined;
  if (fault.value === null || typeof fault.value === 'string' || Array.isArray(fault.value)) return undefined;
  const layout = document.layout(fault.path);
  return layout?.style === 'plain' ? layout : undefined;
}

/** Characters, with the anchor: a line may have thousands of values, and must not be read for each of them. */
const LONGEST_TAG = 500;

/** Whether a tag stands before it, which counts with and without quotes. */
export function isTagged(document: LoadedYaml, range: Range): boolean {
  const before = linesOf(document)[range.line - 1]?.slice(0, range.column - 1) ?? '';
  return /![^\s,[{]*\s+(?:&\S+\s+)?$/.test(before.slice(-LONGEST_TAG));
}

export function wanted(expected: string[]): string {
  return expected.flatMap((type) => KINDS[type] ?? []).join(' or ');
}

export function kindOf(value: YamlValue): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return `the value ${value}`;
  if (value instanceof PyFloat) return `the number ${value}`;
  return typeof value === 'object' ? 'a mapping' : `the number ${value}`;
}
