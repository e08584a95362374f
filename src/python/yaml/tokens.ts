import { YamlFault } from './positions.js';

/** What the scanner hands to the composer. */

export const KIND = {
  streamEnd: 0,
  directive: 1,
  documentStart: 2,
  documentEnd: 3,
  blockSequenceStart: 4,
  blockMappingStart: 5,
  blockEnd: 6,
  flowSequenceStart: 7,
  flowSequenceEnd: 8,
  flowMappingStart: 9,
  flowMappingEnd: 10,
  blockEntry: 11,
  flowEntry: 12,
  key: 13,
  value: 14,
  alias: 15,
  anchor: 16,
  tag: 17,
  scalar: 18,
  /** The scanner could not go on; the token's `fault` says why. Always the last one. */
  fault: 19,
} as const;

export type TokenKind = (typeof KIND)[keyof typeof KIND];

export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'literal' | 'folded';

/** Where the text of a block scalar stands: offset of its first line, and how many spaces each line is indented. */
export interface BlockLayout {
  offset: number;
  indent: number;
}

export interface Token {
  kind: TokenKind;
  /** Offsets, `end` exclusive. */
  start: number;
  end: number;
  /** A scalar's text; the name of an anchor, alias or directive; a tag's suffix or a `%TAG`'s prefix. */
  value: string;
  /** A tag's handle; undefined for `!` and `!<…>`. */
  handle: string | undefined;
  style: ScalarStyle;
  block: BlockLayout | undefined;
  fault: Error | undefined;
}

export function token(
  kind: TokenKind,
  start: number,
  end: number,
  value = '',
  style: ScalarStyle = 'plain',
  block?: BlockLayout,
): Token {
  return { kind, start, end, value, handle: undefined, style, block, fault: undefined };
}

/** Reads tokens one after the other; throws the scanner's fault once that is reached. */
export class TokenStream {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    const next = this.#tokens[this.#at] as Token;
    if (next.kind === KIND.fault) throw next.fault;
    return next;
  }

  /** Steps over the token last peeked at, and gives it. */
  take(): Token {
    const next = this.peek();
    this.#at++;
    return next;
  }

  /** Whether the next token is one of these. */
  isNext(...kinds: TokenKind[]): boolean {
    return kinds.includes(this.peek().kind);
  }
}

/** A fault of something that stands at a token. */
export function tokenFault(token: Token, message: string, help?: string): YamlFault {
  return new YamlFault(message, token.start, Math.max(token.end, token.start + 1), help);
}
