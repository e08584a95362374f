import type { CheckContext } from '../context.js';
import type { Fault } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { runScripts } from '../runs.js';
import { isShell, parseShebang } from '../shell.js';

/*
 * Folding puts the lines of a paragraph into one: all of the script is then a part of the `#!` line, and the kernel
 * gives it to the shell as one argument: "illegal option". Measured with busybox.
 */
export const foldedScript: RuleCheck = {
  id: 'folded-script',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, text } of runScripts(context)) {
      const joined = joinedLine(context, path, text);
      if (joined) yield { path, ...joined };
    }
  },
};

/** What is wrong with a script that YAML joins into one line; undefined for any other. */
export function joinedLine({ document }: CheckContext, path: string, text: string): Fault | undefined {
  const layout = document.layout(path);
  const shebang = parseShebang(text);
  if (layout === undefined || layout.style === 'literal' || !shebang || !isShell(shebang)) return undefined;
  const [, written = ''] = /(#![^\r\n]*)/.exec(layout.raw) ?? [];
  const [first = ''] = text.split('\n', 1);
  // A shell can use words that are options only.
  const added = first.slice(written.trimEnd().length).trim();
  if (!first.startsWith(written.trimEnd()) || !/^[^-]/.test(added)) return undefined;
  const message =
    'YAML joins the lines of this script: the commands become a part of the `#!` line, and none is executed.';
  const help =
    layout.style === 'folded'
      ? 'Write `|` in place of `>`: it keeps the lines.'
      : 'Write the script as a block: `|` after the colon, and its lines indented below.';
  const { line, column } = layout.range;
  const mark = layout.style === 'folded' ? { range: { line, column, endLine: line, endColumn: column + 1 } } : {};
  return { message, help, ...mark };
}
