/** What Python would say of a pattern. `at`, `end`: UTF-16 offsets into it. */
export class RegexFault extends Error {
  override name = 'RegexFault';
  readonly at: number;
  readonly end: number;

  constructor(message: string, at: number, end: number) {
    super(message);
    this.at = at;
    this.end = end;
  }
}

/** Takes a pattern apart, a character at a time; an escape is one piece, `\` and what follows. */
export class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next piece; undefined at the end. */
  get next(): string | undefined {
    const char = this.#charAt(this.at);
    if (char !== '\\') return char;
    const escaped = this.#charAt(this.at + 1);
    if (escaped === undefined) throw this.fault('A lone backslash cannot end a pattern.', this.at, this.at + 1);
    return `\\${escaped}`;
  }

  take(): string | undefined {
    const piece = this.next;
    this.at += piece?.length ?? 0;
    return piece;
  }

  /** Takes the next piece if it is this one. */
  skip(piece: string): boolean {
    if (this.next !== piece) return false;
    this.at += piece.length;
    return true;
  }

  /** Takes at most so many characters of a kind. */
  takeWhile(kind: RegExp, limit: number): string {
    let taken = '';
    while (taken.length < limit) {
      const piece = this.next;
      if (piece === undefined || piece.length !== 1 || !kind.test(piece)) break;
      taken += piece;
      this.at += 1;
    }
    return taken;
  }

  /** Takes what stands before an end mark, and the mark. */
  takeUntil(end: string, what: string): string {
    const begin = this.at;
    let taken = '';
    for (let piece = this.take(); piece !== end; piece = this.take()) {
      if (piece === undefined) {
        throw this.fault(
          taken === '' ? `The ${what} is missing.` : `The \`${end}\` after the ${what} is missing.`,
          begin,
        );
      }
      taken += piece;
    }
    if (taken === '') throw this.fault(`The ${what} is missing.`, begin, this.at);
    return taken;
  }

  fault(message: string, at: number, end = this.text.length): RegexFault {
    return new RegexFault(message, at, Math.max(end, at));
  }

  #charAt(at: number): string | undefined {
    const code = this.text.codePointAt(at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }
}
