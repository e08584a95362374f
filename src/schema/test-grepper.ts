/**
 * `test-grepping`: tests out of a console, as the server reads them when a run is over (SPEC 4; `_failed_tests` of the
 * reference's api/run.py). Lines keep their newline; `\r\n` and a lone `\r` end one too.
 */
import {
  BacktrackingThread,
  compilePython,
  type Groups,
  type PythonPattern,
  type ThreadAnswer,
  type TimeBounds,
} from '../python/index.js';
import { LineReader, LONGEST_LINE, type NumberedLine } from './line-reader.js';
import { RESULT_STATUSES, type Test, type TestGrepping, type TestResult, UNFINISHED_STATUSES } from './model.js';

/** How many tests and results are kept, and how many characters of them: a script can print any number. */
const MOST_KEPT = 100_000;
const MOST_TEXT = 32 * 1024 * 1024;
const MOST_TROUBLES = 1000;
/** Of each line that is kept, characters: a line may have millions. */
const LONGEST_SHOWN = 1000;
/** Patterns that need backtracking; the reference's server gives up after 30 s. */
const TIME_BOUNDS: TimeBounds = { line: 5000, all: 30_000 };

const STATUSES = new Set([...RESULT_STATUSES, ...UNFINISHED_STATUSES]);

/** A line that opened a test, or added a result to one. A line may do both. */
export interface FoundLine {
  /** From 1, as the server splits lines. */
  line: number;
  /** Without its newline; of a long line the first 1000 characters. */
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
    if (typeof text === 'string') return apart(text);
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
    const shown = apart(text.slice(0, LONGEST_SHOWN).replace(/\n$/, ''));
    this.#onFound({ line: number, text: shown, test, ...(result === undefined ? {} : { result }) });
  }

  #trouble(line: number | null, message: string): void {
    if (this.#troubles.length < MOST_TROUBLES) this.#troubles.push({ line, message });
  }
}

function linePattern(key: LinePattern['key'], source: string): LinePattern {
  return { ...compilePython(source), key, source };
}

/** A copy: a part of a text keeps all of the text in memory, here a line of the console and the lines read with it. */
const apart = (text: string): string => Buffer.from(text).toString();
