import type { Range as EditorRange, Position } from 'vscode-languageserver';
import { type CheckResult, check, type LintConfig, type Range, type ShellChecker } from '../lint/index.js';

/** A place in a definition: the value at a JSON pointer, or the key in front of it. */
export interface WrittenPlace {
  path: string;
  part: 'key' | 'value';
}

/** One version of an open definition, checked. Editors count lines and UTF-16 code units from 0, we from 1. */
export class Analysis {
  readonly text: string;
  readonly version: number;
  readonly config: LintConfig;
  readonly result: CheckResult;

  /** @param previous of another version */
  constructor(text: string, version: number, config: LintConfig, shell?: ShellChecker, previous?: Analysis) {
    this.text = text;
    this.version = version;
    this.config = config;
    this.result = check(text, config, shell, previous?.result);
  }

  /** Whether the text could be read, and there is something in it. */
  get isReadable(): boolean {
    return this.result.context.root !== undefined;
  }

  editorRange(range: Range): EditorRange {
    return editorRange(range, this.text);
  }

  /** Where a value or a key is written; undefined where there is none. */
  rangeOf({ path, part }: WrittenPlace): EditorRange | undefined {
    const range = this.result.document.locate(path)?.[part];
    return range && this.editorRange(range);
  }

  /** The place of a cursor. */
  at({ line, character }: Position): WrittenPlace | undefined {
    const shift = line === 0 ? markLength(this.text) : 0;
    return this.result.document.at(line + 1, Math.max(character - shift, 0) + 1);
  }
}

/** A range of a text as an editor counts. */
export function editorRange({ line, column, endLine, endColumn }: Range, text: string): EditorRange {
  const position = (atLine: number, atColumn: number): Position => ({
    line: atLine - 1,
    character: atColumn - 1 + (atLine === 1 ? markLength(text) : 0),
  });
  return { start: position(line, column), end: position(endLine, endColumn) };
}

/** Editors count a byte order mark as a column, our positions do not. */
function markLength(text: string): number {
  return text.startsWith('\ufeff') ? 1 : 0;
}

/** Whether a range contains a position, its end included: a cursor just behind a word counts as on it. */
export function contains({ start, end }: EditorRange, { line, character }: Position): boolean {
  const isAfter = line > start.line || (line === start.line && character >= start.character);
  return isAfter && (line < end.line || (line === end.line && character <= end.character));
}
