import { CR, HASH, isBreakOrEnd, isUnicodeSeparator, LF, SPACE } from './characters.js';
import { YamlFault } from './problem.js';

/** A comment's place: offsets of `#` and of the line's end. */
export interface CommentSpan {
  start: number;
  end: number;
}

/**
 * Where the scanner is in the text, and the two facts about the surroundings that scalars depend on.
 * The text ends in one NUL. Columns count from 0; a byte order mark at the start has none.
 */
export class Cursor {
  readonly text: string;
  readonly comments: CommentSpan[] = [];
  pos: number;
  /** Counts every break of YAML 1.1; reported positions do not (see positions.ts). */
  line = 0;
  lineStart: number;
  /** Column of the block collection around the cursor; -1 outside any. */
  indent = -1;
  flowLevel = 0;
  /** Whether a key without `?` may start here. */
  allowSimpleKey = true;

  constructor(text: string) {
    this.text = text;
    this.pos = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    this.lineStart = this.pos;
  }

  code(ahead = 0): number {
    return this.text.charCodeAt(this.pos + ahead);
  }

  get column(): number {
    return this.pos - this.lineStart;
  }

  skipSpaces(): void {
    while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
  }

  /** Steps over a line break; the text it stands for in a scalar, or '' when there is none here. */
  takeBreak(): string {
    const code = this.text.charCodeAt(this.pos);
    if (code === 0 || !isBreakOrEnd(code)) return '';
    this.pos += code === CR && this.text.charCodeAt(this.pos + 1) === LF ? 2 : 1;
    this.line++;
    this.lineStart = this.pos;
    return isUnicodeSeparator(code) ? String.fromCharCode(code) : '\n';
  }

  /** Steps over a comment if one starts here. No blank is needed before its `#`: PyYAML asks for none. */
  takeComment(): void {
    if (this.text.charCodeAt(this.pos) !== HASH) return;
    const start = this.pos;
    while (!isBreakOrEnd(this.text.charCodeAt(this.pos))) this.pos++;
    this.comments.push({ start, end: this.pos });
  }

  /** True when `---` or `...` stands here and nothing is glued to it. The caller knows that a line starts here. */
  atDocumentMarker(): boolean {
    const { text, pos } = this;
    if (!text.startsWith('---', pos) && !text.startsWith('...', pos)) return false;
    const after = text.charCodeAt(pos + 3);
    return after <= SPACE || isBreakOrEnd(after);
  }

  fault(message: string, help?: string, start = this.pos, end = start + 1): YamlFault {
    return new YamlFault(message, start, end, help);
  }
}
