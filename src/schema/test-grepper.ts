/**
 * `test-grepping`: tests out of a console, as the server reads them when a run is over (SPEC 4; `_failed_tests` of the
 * reference's api/run.py). Lines keep their newline; `\r\n` and a lone `\r` end one too.
 */
import { isUtf8 } from 'node:buffer';
import {
  BacktrackingThread,
  compilePython,
  type Groups,
  type PythonPattern,
  type ThreadAnswer,
  type TimeBounds,
} from '../python/index.js';
import { RESULT_STATUSES, type Test, type TestGrepping, type TestResult, UNFINISHED_STATUSES } from './model.js';

/** Characters. Real lines are far shorter, and what is not read has to go somewhere. */
const LONGEST_LINE = 4 * 1024 * 1024;
/** How many tests and results are kept, and how many characters of them: a script can print any number. */
const MOST_KEPT = 100_000;
const MOST_TEXT = 32 * 1024 * 1024;
const MOST_TROUBLES = 1000;
/** Patterns that need backtracking; the reference's server gives up after 30 s. */
const TIME_BOUNDS: TimeBounds = { line: 5000, all: 30_000 };

const STATUSES = new Set([...RESULT_STATUSES, ...UNFINISHED_STATUSES]);

/** A line that opened a test, or added a result to one. A line may do both. */
export interface FoundLine {
  /** From 1, as the server splits lines. */
  line: number;
  /** Without its newline. */
  text: string;
  test: Test;
  /** The result that it added. */
  result?: TestResult;
}

/** Why the run cannot pass on a server, or why that is unknown: a clause. */
export interface Trouble {
  /** null where it concerns the whole console. */
  line: number | null;
  message: string;
}

export interface GreppedTests {
  tests: Test[];
  /** A result is FAILED. */
  failed: boolean;
  troubles: Trouble[];
  /** How many tests and results were found beyond those in `tests`. */
  more: number;
}

type LinePattern = PythonPattern & { key: 'test-pattern' | 'result-pattern'; source: string };

interface NumberedLine {
  number: number;
  text: string;
}

export class TestGrepper {
  readonly #grepping: TestGrepping;
  readonly #testPattern: LinePattern | undefined;
  readonly #resultPattern: LinePattern;
  readonly #thread: BacktrackingThread | undefined;
  /** The patterns that the thread evaluates, in its order. */
  readonly #slow: LinePattern[];
  readonly #lines = new LineReader();
  readonly #tests: Test[] = [];
  readonly #troubles: Trouble[] = [];
  readonly #onFound: ((found: FoundLine) => void) | undefined;
  #current: Test | undefined;
  #failed = false;
  /** Nothing more is read: the server stops there as well, or the pattern takes too long. */
  #stopped = false;
  #kept = 0;
  #keptText = 0;
  #more = 0;

  /** @throws PatternError for a pattern that Python refuses, or that cannot be evaluated here */
  constructor(grepping: TestGrepping, onFound?: (found: FoundLine) => void, bounds = TIME_BOUNDS) {
    this.#grepping = grepping;
    this.#onFound = onFound;
    const opening = grepping['test-pattern'];
    this.#testPattern = opening ? linePattern('test-pattern', opening) : undefined;
    this.#resultPattern = linePattern('result-pattern', grepping['result-pattern']);
    const patterns = [this.#testPattern, this.#resultPattern].filter((pattern) => pattern !== undefined);
    this.#slow = patterns.filter(({ match }) => match === undefined);
    const programs = this.#slow.map((pattern) => pattern.program());
    if (programs.length > 0) this.#thread = new BacktrackingThread(programs, bounds);
    this.#lines.requires = patterns.map(({ requires }) => requires);
  }

  /** How many lines were read so far. */
  get lines(): number {
    return this.#lines.count;
  }

  /** @returns a promise where the patterns are evaluated in a thread: the next bytes are to wait for it */
  write(bytes: Uint8Array): void | Promise<void> {
    return this.#read(this.#lines.write(bytes));
  }

  /** The console is complete: the tests in it. */
  async end(): Promise<GreppedTests> {
    await this.#read(this.#lines.end());
    await this.close();
    if (this.#lines.isInvalid) {
      const message = 'the console has bytes that are not UTF-8: the server cannot read it, and cannot end the run';
      this.#troubles.push({ line: null, message });
    }
    if (this.#lines.longest !== undefined) {
      const message = `the line has more than ${LONGEST_LINE} characters: its end was not read here`;
      this.#troubles.push({ line: this.#lines.longest, message });
    }
    return { tests: this.#tests, failed: this.#failed, troubles: this.#troubles, more: this.#more };
  }

  /** Ends the thread, where there is one. May be called at any time, and twice. */
  async close(): Promise<void> {
    await this.#thread?.close();
  }

  #read(lines: NumberedLine[]): void | Promise<void> {
    if (lines.length === 0 || this.#stopped) return;
    if (this.#thread !== undefined) return this.#readInThread(this.#thread, lines);
    for (const line of lines) this.#line(line, (pattern) => pattern.match?.(line.text));
  }

  async #readInThread(thread: BacktrackingThread, lines: NumberedLine[]): Promise<void> {
    const answer: ThreadAnswer = await thread.match(lines.map(({ text }) => text));
    if ('gaveUp' in answer) {
      this.#stopped = true;
      const message = `the pattern cannot be evaluated on this line: ${answer.gaveUp.why}. Write it without repetitions inside of repetitions`;
      this.#trouble(lines[answer.gaveUp.line]?.number ?? null, message);
      return;
    }
    for (const [index, line] of lines.entries()) {
      const found = answer.found[index];
      this.#line(line, (pattern) => {
        const slow = this.#slow.indexOf(pattern);
        return slow < 0 ? pattern.match?.(line.text) : found?.[slow];
      });
    }
  }

  #line(line: NumberedLine, matchOf: (pattern: LinePattern) => Groups | undefined): void {
    if (this.#stopped) return;
    if (this.#testPattern !== undefined) {
      const opened = matchOf(this.#testPattern);
      if (opened !== undefined && !this.#open(line, this.#testPattern, opened)) return;
    }
    const found = matchOf(this.#resultPattern);
    if (found !== undefined) this.#addResult(line, found);
  }

  /** @returns false where the server fails at this line */
  #open(line: NumberedLine, pattern: LinePattern, groups: Groups): boolean {
    const name = this.#groupOf(line, pattern, groups, 'name');
    if (name === undefined) return false;
    this.#current = { name, context: this.#grepping['test-pattern'] ?? null, status: 'PASSED', results: [] };
    this.#keepTest(line, this.#current);
    return true;
  }

  #addResult(line: NumberedLine, groups: Groups): void {
    const word = this.#groupOf(line, this.#resultPattern, groups, 'result');
    const name = this.#groupOf(line, this.#resultPattern, groups, 'name');
    if (word === undefined || name === undefined) return;
    const { fixupdict } = this.#grepping;
    // A run definition may have null for a status.
    const status = fixupdict && Object.hasOwn(fixupdict, word) ? (fixupdict[word] ?? 'null') : word;
    if (!STATUSES.has(status)) {
      const message = `the server knows no status ${JSON.stringify(status)} and cannot end the run: map it to PASSED, FAILED or SKIPPED in fixupdict`;
      this.#trouble(line.number, message);
    }
    if (this.#current === undefined) {
      this.#current = { name: 'default', context: null, status, results: [] };
      this.#keepTest(undefined, this.#current);
    }
    if (status === 'FAILED') {
      this.#failed = true;
      this.#current.status = status;
    }
    const result: TestResult = { name, context: null, status, output: null };
    if (!this.#hasRoom(name.length + status.length)) return;
    this.#current.results.push(result);
    this.#report(line, this.#current, result);
  }

  /** The text of a group; undefined where the server fails at this line for want of it. */
  #groupOf(line: NumberedLine, pattern: LinePattern, groups: Groups, name: string): string | undefined {
    if (!pattern.groups.has(name)) {
      this.#stopped = true;
      const message = `the ${pattern.key} ${JSON.stringify(pattern.source)} matches here and has no group (?P<${name}>…): the server fails at it and cannot end the run`;
      this.#trouble(line.number, message);
      return undefined;
    }
    const text = groups[name];
    if (typeof text === 'string') return text;
    const message = `the group (?P<${name}>…) of the ${pattern.key} took no part in the match: the server fails at it and cannot end the run`;
    this.#trouble(line.number, message);
    return undefined;
  }

  #keepTest(line: NumberedLine | undefined, test: Test): void {
    if (!this.#hasRoom(test.name.length)) return;
    this.#tests.push(test);
    if (line !== undefined) this.#report(line, test);
  }

  #hasRoom(length: number): boolean {
    const fits = this.#kept < MOST_KEPT && this.#keptText + length <= MOST_TEXT;
    if (fits) {
      this.#kept += 1;
      this.#keptText += length;
    } else this.#more += 1;
    return fits;
  }

  #report({ number, text }: NumberedLine, test: Test, result?: TestResult): void {
    if (this.#onFound === undefined) return;
    const shown = text.replace(/\n$/, '');
    this.#onFound({ line: number, text: shown, test, ...(result === undefined ? {} : { result }) });
  }

  #trouble(line: number | null, message: string): void {
    if (this.#troubles.length < MOST_TROUBLES) this.#troubles.push({ line, message });
  }
}

function linePattern(key: LinePattern['key'], source: string): LinePattern {
  return { ...compilePython(source), key, source };
}

/** Bytes into those lines that a pattern may match. Each byte is looked at once, however the console is cut in pieces. */
class LineReader {
  /** For each pattern, texts of which a matching line has one; undefined where any line may match. */
  requires: (readonly string[] | undefined)[] = [];
  count = 0;
  /** Some bytes are not UTF-8. */
  isInvalid = false;
  /** Number of the first line that was cut. */
  longest: number | undefined;
  /** The beginning of a character whose end has not come yet. */
  #partial: Uint8Array = new Uint8Array();
  /** The beginning of a line whose end has not come yet. */
  #rest = '';
  #afterCarriageReturn = false;

  write(bytes: Uint8Array): NumberedLine[] {
    const all = this.#partial.length > 0 ? Buffer.concat([this.#partial, bytes]) : bytes;
    const whole = all.length - partialCharacter(all);
    this.#partial = Uint8Array.prototype.slice.call(all, whole);
    return this.#split(this.#decode(all.subarray(0, whole)));
  }

  end(): NumberedLine[] {
    const lines = this.#split(this.#decode(this.#partial));
    const last = this.#rest;
    this.#rest = '';
    if (last === '') return lines;
    this.count += 1;
    return [...lines, { number: this.count, text: last }];
  }

  #decode(bytes: Uint8Array): string {
    if (!isUtf8(bytes)) this.isInvalid = true;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  }

  #split(text: string): NumberedLine[] {
    const lines: NumberedLine[] = [];
    let begin = 0;
    if (this.#afterCarriageReturn && text !== '') {
      this.#afterCarriageReturn = false;
      if (text.startsWith('\n')) begin = 1;
    }
    const feeds = new Occurrences(text, '\n');
    const returns = new Occurrences(text, '\r');
    const required = this.requires.map((texts) => texts?.map((one) => new Occurrences(text, one)));
    const mayMatch = (from: number, end: number) =>
      required.some((texts) => texts === undefined || texts.some((one) => one.from(from) < end));
    for (;;) {
      const end = Math.min(feeds.from(begin), returns.from(begin));
      if (end >= text.length) break;
      this.count += 1;
      if (this.#rest !== '' || mayMatch(begin, end)) {
        lines.push({ number: this.count, text: `${this.#begunLine(text, begin, end)}\n` });
        this.#rest = '';
      } else if (end - begin > LONGEST_LINE) this.longest ??= this.count;
      begin = end + 1;
      if (text[end] !== '\r') continue;
      if (begin === text.length) this.#afterCarriageReturn = true;
      else if (text[begin] === '\n') begin += 1;
    }
    this.#rest = this.#begunLine(text, begin, text.length, this.count + 1);
    return lines;
  }

  #begunLine(text: string, begin: number, end: number, number = this.count): string {
    const room = LONGEST_LINE - this.#rest.length;
    if (end - begin <= room) return this.#rest + text.slice(begin, end);
    this.longest ??= number;
    return this.#rest + text.slice(begin, begin + room);
  }
}

/** Where a text occurs next; asked with places that only grow, it looks at each character once. */
class Occurrences {
  readonly #text: string;
  readonly #wanted: string;
  #next = -1;

  constructor(text: string, wanted: string) {
    this.#text = text;
    this.#wanted = wanted;
  }

  /** Infinity where there is none. */
  from(place: number): number {
    if (this.#next < place) {
      const next = this.#text.indexOf(this.#wanted, place);
      this.#next = next < 0 ? Infinity : next;
    }
    return this.#next;
  }
}

/** How many bytes at the end are the beginning of a character. */
function partialCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}
