import type { Edit, Range } from '../finding.js';
import { linesOf } from '../places.js';
import type { RuleCheck } from '../rule.js';

export const duplicateKey: RuleCheck = {
  id: 'duplicate-key',
  severity: 'warning',
  server: 'misbehaves',
  *check({ document }) {
    if (document.duplicates.length === 0) return;
    const lines = linesOf(document);
    for (const { path, key, range, first } of document.duplicates) {
      yield {
        path,
        range,
        message: `\`${key}\` is here a second time; what stands at the first is lost.`,
        help: 'Remove one of the two.',
        related: [{ path, range: first, message: 'the first one' }],
        fix: removalOfEqualLine(lines, first, range),
      };
    }
  },
};

/** `key: value` on one line, whose value cannot be the start of something longer. */
const ONE_LINE_PAIR = /^[^\s"'#&*!|>{[][^\s"'#&*!|>{[]*:[ \t]+(?:[\w./:+@%-]+|"[^"\\]*"|'[^']*')[ \t]*$/;

/** Removes the later line if both are the same and it holds nothing else. */
function removalOfEqualLine(lines: string[], first: Range, again: Range): Edit | undefined {
  const text = lines[again.line - 1] ?? '';
  const pair = text.slice(again.column - 1);
  if (!ONE_LINE_PAIR.test(pair) || text.slice(0, again.column - 1).trim() !== '') return undefined;
  if ((lines[first.line - 1] ?? '').slice(first.column - 1).trimEnd() !== pair.trimEnd()) return undefined;
  // On the last line there is no line end to take away.
  if (again.line === lines.length || [first, again].some(({ line, column }) => goesOn(lines[line], column))) return;
  return { range: { line: again.line, column: 1, endLine: again.line + 1, endColumn: 1 }, text: '' };
}

/** Whether the line after a pair may belong to its value. */
function goesOn(next: string | undefined, column: number): boolean {
  return next !== undefined && (next.trim() === '' || next.search(/\S/) >= column);
}
