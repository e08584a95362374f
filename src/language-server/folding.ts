import { type FoldingRange, FoldingRangeKind } from 'vscode-languageserver';

/** What an editor can fold, by indentation, so that invalid texts fold too; and comments of several lines. */
export function foldsOf(text: string): FoldingRange[] {
  const lines = text.split(/\r\n?|\n/);
  const folds: FoldingRange[] = [];
  /** The lines that may still begin a fold, each deeper than the one before. */
  const open: { line: number; indent: number }[] = [];
  let last = 0;
  const close = (indent: number) => {
    for (let top = open.at(-1); top !== undefined && top.indent >= indent; top = open.at(-1)) {
      if (last > top.line) folds.push({ startLine: top.line, endLine: last });
      open.pop();
    }
  };
  for (const [line, written] of lines.entries()) {
    const indent = written.search(/\S/);
    if (indent < 0 || written[indent] === '#') continue;
    // An entry of a list may stand in the column of the list's key, which is folded with it.
    const isEntry = /^-(?:\s|$)/.test(written.slice(indent));
    close(isEntry ? indent + 0.5 : indent);
    open.push({ line, indent: isEntry ? indent + 0.5 : indent });
    last = line;
  }
  close(-1);
  return [...folds, ...comments(lines)].sort((a, b) => a.startLine - b.startLine);
}

function comments(lines: readonly string[]): FoldingRange[] {
  const folds: FoldingRange[] = [];
  let startLine = 0;
  for (let line = 0; line <= lines.length; line++) {
    if (lines[line]?.trimStart().startsWith('#')) continue;
    if (line - startLine > 1) folds.push({ startLine, endLine: line - 1, kind: FoldingRangeKind.Comment });
    startLine = line + 1;
  }
  return folds;
}
