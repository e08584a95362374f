import {
  BANG,
  COLON,
  type CommentSpan,
  Cursor,
  DASH,
  DOT,
  findUnprintable,
  isBlankOrEnd,
  PERCENT,
  QUESTION,
  TAB,
} from './cursor.js';
import { hexCode, invisibleHelp, quoteCharacter, YamlFault } from './positions.js';
import { scanBlockScalar } from './scan-block-scalar.js';
import { scanPlain, scanQuoted } from './scan-scalars.js';
import { scanAnchor, scanDirective, scanTag } from './scan-tags.js';
import { SimpleKeys } from './simple-keys.js';
import { KIND, type Token, type TokenKind, token } from './tokens.js';

/**
 * Splits a text into tokens, blocks and their ends included. Never throws: where it cannot go on
 * the last token is a `fault`, so a fault further up is reported first.
 */
export function scan(text: string): { tokens: Token[]; comments: CommentSpan[] } {
  const bad = findUnprintable(text);
  if (bad >= 0) {
    const message = `The character U+${hexCode(text.codePointAt(bad) ?? 0)} cannot stand in YAML.`;
    const fault = new YamlFault(message, bad, bad + 1, 'Remove it, or write it as an escape in double quotes.');
    return { tokens: [faultToken(fault)], comments: [] };
  }
  const scanner = new Scanner(text);
  try {
    while (scanner.fetch());
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    // PyYAML does not return a token that may still be a key before it has read on, so the fault comes first.
    scanner.tokens.length = scanner.keys.firstPending() ?? scanner.tokens.length;
    scanner.tokens.push(faultToken(error));
  }
  return { tokens: scanner.tokens, comments: scanner.cursor.comments };
}

/** More than the composer accepts, by more brackets than may yet turn out to begin a key. */
const DEEPEST = 3000;

class Scanner {
  readonly cursor: Cursor;
  readonly tokens: Token[] = [];
  readonly #indents: number[] = [];
  readonly keys: SimpleKeys;

  constructor(text: string) {
    this.cursor = new Cursor(`${text}\0`);
    this.keys = new SimpleKeys(this.cursor);
  }

  /** Scans what comes next. False once the text is at its end. */
  fetch(): boolean {
    const { cursor } = this;
    this.#skipToToken();
    this.keys.checkRequired();
    this.#unwind(cursor.column);
    const code = cursor.code();
    if (code === 0) {
      this.#unwind(-1);
      this.keys.drop();
      this.tokens.push(token(KIND.streamEnd, cursor.pos, cursor.pos));
      return false;
    }
    if (cursor.column === 0 && this.#fetchLineStart(code)) return true;
    if (!this.#fetchIndicator(code)) this.#fetchPlain(code);
    return true;
  }

  /** Directives and document markers, which stand at the start of a line. */
  #fetchLineStart(code: number): boolean {
    const { cursor } = this;
    const marker = (code === DASH || code === DOT) && cursor.atDocumentMarker();
    if (!marker && code !== PERCENT) return false;
    this.#unwind(-1);
    this.keys.drop();
    cursor.allowSimpleKey = false;
    if (marker) this.#push(code === DASH ? KIND.documentStart : KIND.documentEnd, 3);
    else this.tokens.push(scanDirective(cursor));
    return true;
  }

  #fetchIndicator(code: number): boolean {
    const { cursor } = this;
    const inFlow = cursor.flowLevel > 0;
    switch (code) {
      case 0x5b:
        return this.#openFlow(KIND.flowSequenceStart);
      case 0x7b:
        return this.#openFlow(KIND.flowMappingStart);
      case 0x5d:
        return this.#closeFlow(KIND.flowSequenceEnd);
      case 0x7d:
        return this.#closeFlow(KIND.flowMappingEnd);
      case 0x2c:
        cursor.allowSimpleKey = true;
        this.keys.drop();
        return this.#push(KIND.flowEntry, 1);
      case DASH:
        return isBlankOrEnd(cursor.code(1)) && this.#fetchBlockEntry();
      case QUESTION:
        return (inFlow || isBlankOrEnd(cursor.code(1))) && this.#fetchKey();
      case COLON:
        return (inFlow || isBlankOrEnd(cursor.code(1))) && this.#fetchValue();
      case 0x2a:
        return this.#fetchNodePart(() => scanAnchor(cursor, KIND.alias));
      case 0x26:
        return this.#fetchNodePart(() => scanAnchor(cursor, KIND.anchor));
      case BANG:
        return this.#fetchNodePart(() => scanTag(cursor));
      case 0x27:
      case 0x22:
        return this.#fetchNodePart(() => scanQuoted(cursor));
      case 0x7c:
      case 0x3e:
        if (inFlow) return false;
        cursor.allowSimpleKey = true;
        this.keys.drop();
        this.tokens.push(scanBlockScalar(cursor));
        return true;
      default:
        return false;
    }
  }

  #fetchPlain(code: number): void {
    const { cursor } = this;
    if (!this.#canStartPlain(code)) throw this.#cannotStart(code);
    this.keys.save(this.tokens.length);
    cursor.allowSimpleKey = false;
    this.tokens.push(scanPlain(cursor));
  }

  #canStartPlain(code: number): boolean {
    if (code === DASH) return !isBlankOrEnd(this.cursor.code(1));
    if (code === QUESTION || code === COLON) return this.cursor.flowLevel === 0;
    // # cannot get here, and what else has a meaning has been dealt with: | and > in flow, blanks, %, @ and ` remain.
    return !isBlankOrEnd(code) && code !== 0x7c && code !== 0x3e && code !== PERCENT && code !== 0x40 && code !== 0x60;
  }

  #cannotStart(code: number): YamlFault {
    const { cursor } = this;
    if (code === TAB) {
      const help = 'Replace it by spaces: YAML takes tabs only inside texts.';
      return cursor.fault('A tab cannot stand here.', help);
    }
    const found = quoteCharacter(cursor.text, cursor.pos);
    const where = code === 0x7c || code === 0x3e ? 'A value inside brackets' : 'A value';
    return cursor.fault(`${where} cannot begin with ${found}.`, 'Put the whole value in quotes.');
  }

  #skipToToken(): void {
    const { cursor } = this;
    for (;;) {
      cursor.skipSpaces();
      cursor.takeComment();
      if (cursor.takeBreak() === '') return;
      if (cursor.flowLevel === 0) cursor.allowSimpleKey = true;
    }
  }

  /** Deeper than the composer goes: it stops there, and the rest of the text need not be split into tokens. */
  #checkDepth(depth: number): void {
    if (depth > DEEPEST) throw this.cursor.fault('This is nested too deeply.', 'Flatten the structure.');
  }

  #push(kind: TokenKind, length: number): true {
    const { cursor } = this;
    this.tokens.push(token(kind, cursor.pos, cursor.pos + length));
    cursor.pos += length;
    return true;
  }

  /** Anchors, tags, aliases and quoted scalars: each may begin a key, none may be followed by one. */
  #fetchNodePart(scanPart: () => Token): true {
    this.keys.save(this.tokens.length);
    this.cursor.allowSimpleKey = false;
    this.tokens.push(scanPart());
    return true;
  }

  #openFlow(kind: TokenKind): true {
    const { cursor } = this;
    this.keys.save(this.tokens.length);
    cursor.flowLevel++;
    this.#checkDepth(cursor.flowLevel);
    cursor.allowSimpleKey = true;
    return this.#push(kind, 1);
  }

  #closeFlow(kind: TokenKind): true {
    const { cursor } = this;
    this.keys.drop();
    if (cursor.flowLevel === 0) {
      const found = quoteCharacter(cursor.text, cursor.pos);
      throw cursor.fault(`${found} closes nothing.`, 'Remove it, or put the value in quotes if it belongs to it.');
    }
    cursor.flowLevel--;
    cursor.allowSimpleKey = false;
    return this.#push(kind, 1);
  }

  #fetchBlockEntry(): true {
    const { cursor } = this;
    if (cursor.flowLevel === 0) {
      if (!cursor.allowSimpleKey) {
        throw cursor.fault("An entry of a list ('-') cannot begin here.", 'Begin the list on a line of its own.');
      }
      this.#indent(cursor.column, KIND.blockSequenceStart);
    }
    cursor.allowSimpleKey = true;
    this.keys.drop();
    return this.#push(KIND.blockEntry, 1);
  }

  #fetchKey(): true {
    const { cursor } = this;
    if (cursor.flowLevel === 0) {
      if (!cursor.allowSimpleKey) {
        const help = "Put the value in quotes if '?' belongs to it.";
        throw cursor.fault("'?' begins a key, and a key cannot stand here.", help);
      }
      this.#indent(cursor.column, KIND.blockMappingStart);
    }
    cursor.allowSimpleKey = cursor.flowLevel === 0;
    this.keys.drop();
    return this.#push(KIND.key, 1);
  }

  /** The lines of the last token, up to here. */
  #textBefore(): string {
    const { text, pos } = this.cursor;
    return text.slice(text.lastIndexOf('\n', this.tokens.at(-1)?.start ?? 0) + 1, pos);
  }

  #fetchValue(): true {
    const { cursor } = this;
    const key = this.keys.take();
    if (key !== undefined) {
      const mark = token(KIND.key, key.pos, key.pos);
      if (cursor.flowLevel === 0 && this.#enter(key.column)) {
        this.tokens.splice(key.token, 0, token(KIND.blockMappingStart, key.pos, key.pos), mark);
      } else this.tokens.splice(key.token, 0, mark);
      cursor.allowSimpleKey = false;
      return this.#push(KIND.value, 1);
    }
    if (cursor.flowLevel === 0) {
      if (!cursor.allowSimpleKey) {
        const help =
          invisibleHelp(this.#textBefore()) ??
          "Put the value in quotes if ': ' belongs to it, or check the indentation of this line.";
        throw cursor.fault("':' makes a key of what stands before it, and a key cannot stand here.", help);
      }
      this.#indent(cursor.column, KIND.blockMappingStart);
    }
    cursor.allowSimpleKey = cursor.flowLevel === 0;
    this.keys.drop();
    return this.#push(KIND.value, 1);
  }

  /** Begins a block collection at a column deeper than the one that contains it. */
  #indent(column: number, kind: TokenKind): void {
    if (this.#enter(column)) this.tokens.push(token(kind, this.cursor.pos, this.cursor.pos));
  }

  #enter(column: number): boolean {
    const { cursor } = this;
    if (cursor.indent >= column) return false;
    this.#indents.push(cursor.indent);
    this.#checkDepth(this.#indents.length);
    cursor.indent = column;
    return true;
  }

  /** Ends the block collections that are deeper than `column`. */
  #unwind(column: number): void {
    const { cursor } = this;
    if (cursor.flowLevel > 0) return;
    while (cursor.indent > column) {
      cursor.indent = this.#indents.pop() ?? -1;
      this.tokens.push(token(KIND.blockEnd, cursor.pos, cursor.pos));
    }
  }
}

function faultToken(fault: YamlFault): Token {
  return { ...token(KIND.fault, fault.start, fault.end), fault };
}
