import { type CodeAction, CodeActionKind, type CodeActionParams } from 'vscode-languageserver';
import { type Edit, fix, locatedText } from '../lint/index.js';
import type { Analysis } from './analysis.js';
import { editorDiagnostic } from './diagnostics.js';

/** All repairs of a document at once, as editors ask for it when they save. */
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.jobserv`;

/** What `validate --fix` would do at a place, and the names that were probably meant there. */
export function actionsAt(
  analysis: Analysis,
  { range, context, textDocument }: CodeActionParams,
  homepage: string | undefined,
): CodeAction[] {
  const wants = (kind: string) => context.only?.some((one) => kind === one || kind.startsWith(`${one}.`));
  const { uri } = textDocument;
  const actions: CodeAction[] = [];
  // Only when the editor requests it by name: otherwise it would be computed at each move of the cursor.
  if (wants(FIX_ALL)) actions.push(...fixAll(analysis, uri));
  if (!(wants(CodeActionKind.QuickFix) ?? true)) return actions;
  for (const found of analysis.result.diagnostics) {
    const edit = found.fix ?? found.suggestion;
    if (edit === undefined) continue;
    const { start, end } = analysis.editorRange(found);
    if (start.line > range.end.line || end.line < range.start.line) continue;
    actions.push({
      title: titleOf(edit, analysis),
      kind: CodeActionKind.QuickFix,
      diagnostics: [editorDiagnostic(found, { uri, text: analysis.text, homepage })],
      isPreferred: true,
      edit: { changes: { [uri]: [{ range: analysis.editorRange(edit.range), newText: edit.text }] } },
    });
  }
  return actions;
}

function titleOf({ range, text }: Edit, { result }: Analysis): string {
  return `Replace \`${locatedText(result.document, range)}\` by \`${text}\``;
}

/** The repairs that cannot change what the author means, as `validate --fix` makes them. */
function fixAll({ text, config }: Analysis, uri: string): CodeAction[] {
  const { text: newText, repairs } = fix(text, config);
  if (repairs === 0) return [];
  const lines = text.split(/\r\n?|\n/);
  const range = {
    start: { line: 0, character: 0 },
    end: { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 },
  };
  const title = 'Repair what has only one meaning';
  return [{ title, kind: FIX_ALL, edit: { changes: { [uri]: [{ range, newText }] } } }];
}
