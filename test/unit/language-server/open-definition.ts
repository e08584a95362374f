import type { Position, Range, TextEdit } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { Analysis } from '../../../src/language-server/index.js';
import { type LintConfig, NO_CONFIG } from '../../../src/lint/index.js';

/** A definition whose text has the cursor as `|||`. */
export function open(marked: string, config: LintConfig = NO_CONFIG) {
  const offset = marked.indexOf('|||');
  const text = marked.replace('|||', '');
  const document = TextDocument.create('file:///a/.jobserv.yml', 'yaml', 1, text);
  const position: Position = document.positionAt(Math.max(offset, 0));
  return {
    analysis: new Analysis(text, 1, config),
    text,
    position,
    at: (range: Range) => document.getText(range),
    after: (edits: TextEdit[]) => TextDocument.applyEdits(document, edits),
  };
}
