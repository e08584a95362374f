import { YamlFault } from './problem.js';
import { KIND, type Token, type TokenKind } from './tokens.js';

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
