/** Places what a linter for shells says of the scripts of a definition. */

import type { CheckContext } from './context.js';
import type { Diagnostic, Range } from './diagnostic.js';
import { placeInScalar } from './places.js';
import { runScripts } from './run-scripts.js';
import { isShell, parseShebang } from './shell/shebang.js';

/** The id of the rule that the findings count to; the rule itself needs a parser, which is not loaded for this. */
export const SHELL_RULE = 'shell-syntax';

/** Lines and columns count from 1; a column counts characters (code points). `end` is exclusive. */
export interface ShellNote extends Range {
  /** As the linter calls it: `SC2086`. */
  code: string;
  message: string;
  /** Where to read more of it. */
  url?: string;
}

/** Says what a linter finds in a script. */
export type ShellChecker = (script: string) => readonly ShellNote[];

/** Its findings are those of `shell-syntax`, as warnings; none for a script that no shell can read. */
export function* shellNotes(
  context: CheckContext,
  found: readonly Diagnostic[],
  checker: ShellChecker,
): Generator<Diagnostic> {
  const broken = new Set(found.filter(({ rule }) => rule === SHELL_RULE).map(({ path }) => path));
  for (const { path, text } of runScripts(context)) {
    const shebang = parseShebang(text);
    if (shebang === undefined || !isShell(shebang) || broken.has(path)) continue;
    const lines = text.split('\n');
    for (const note of checker(text)) {
      const start = offsetOf(lines, note.line, note.column);
      const end = offsetOf(lines, note.endLine, note.endColumn);
      const range = placeInScalar(context, path, text, start, end);
      const place = range ?? context.document.locate(path)?.key;
      if (place === undefined) continue;
      const message = `shellcheck: ${note.message} (${note.code})`;
      yield {
        rule: SHELL_RULE,
        severity: 'warning',
        server: 'accepts',
        message: range ? message : `In line ${note.line} of the script: ${message}`,
        path,
        ...place,
        ...(note.url !== undefined && { help: note.url }),
      };
    }
  }
}

/** In UTF-16 code units. */
function offsetOf(lines: readonly string[], line: number, column: number): number {
  let offset = 0;
  for (const before of lines.slice(0, line - 1)) offset += before.length + 1;
  for (const character of (lines[line - 1] ?? '').slice(0, (column - 1) * 2)) {
    if (--column < 1) break;
    offset += character.length;
  }
  return offset;
}
