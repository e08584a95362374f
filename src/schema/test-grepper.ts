/**
 * `test-grepping`: tests out of a console, as the server reads them when a run is over
 * (SPEC 4). Lines keep their newline; `\r\n` and a lone `\r` end one too.
 */

import { compilePython, PatternError, type PythonPattern } from '../python/regex/python-regex.js';
import type { Test, TestGrepping, TestResult } from './model.js';

/** Of a longer line only so much is looked at, characters: real ones are far shorter, and the rest has to go somewhere. */
const LONGEST_LINE = 1024 * 1024;

/** A line that opened a test, or added a result to one. A line may do both. */
export interface FoundLine {
  /** From 1, as the server splits lines. */
  line: number;
  /** Without its newline. */
  text: string;
  test: Test;
  /** Of the result that it added. */
  result?: TestResult;
}

export class TestGrepper {
  readonly #testPattern: PythonPattern | undefined;
  readonly #resultPattern: PythonPattern;
  readonly #grepping: TestGrepping;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #tests: Test[] = [];
  readonly #onFound: ((found: FoundLine) => void) | undefined;
  #rest = '';
  #lines = 0;

  /** @throws PatternError for a pattern that cannot be evaluated, or that lacks a group which the server asks it for */
  constructor(grepping: TestGrepping, onFound?: (found: FoundLine) => void) {
    this.#grepping = grepping;
    this.#onFound = onFound;
    const opening = grepping['test-pattern'];
    this.#testPattern = opening ? withGroups('test-pattern', opening, ['name']) : undefined;
    this.#resultPattern = withGroups('result-pattern', grepping['result-pattern'], ['name', 'result']);
  }

  /** How many lines were read so far. */
  get lines(): number {
    return this.#lines;
  }

  write(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }), false);
  }

  /** The console is complete: the tests in it. */
  end(): Test[] {
    this.#take(this.#decoder.decode(), true);
    return this.#tests;
  }

  #take(text: string, last: boolean): void {
    const all = this.#rest + text;
    let begin = 0;
    for (const end of all.matchAll(/\r\n|\r|\n/g)) {
      // A carriage return at the very end may be half of a line's end.
      if (end[0] === '\r' && end.index === all.length - 1 && !last) break;
      this.#line(`${all.slice(begin, Math.min(end.index, begin + LONGEST_LINE))}\n`);
      begin = end.index + end[0].length;
    }
    this.#rest = all.slice(begin);
    if (last && this.#rest !== '') this.#line(this.#rest.slice(0, LONGEST_LINE));
    else if (this.#rest.length > 2 * LONGEST_LINE) this.#rest = this.#rest.slice(0, LONGEST_LINE);
  }

  #line(line: string): void {
    this.#lines += 1;
    const opened = this.#testPattern?.match(line);
    if (opened !== undefined) {
      const context = this.#grepping['test-pattern'] ?? null;
      const test: Test = { name: opened['name'] ?? '', context, status: 'PASSED', results: [] };
      this.#tests.push(test);
      this.#tell(line, test);
    }
    const found = this.#resultPattern.match(line);
    if (found === undefined) return;
    const said = found['result'] ?? '';
    const { fixupdict } = this.#grepping;
    const status = fixupdict && Object.hasOwn(fixupdict, said) ? (fixupdict[said] as string) : said;
    let test = this.#tests.at(-1);
    if (test === undefined) {
      test = { name: 'default', context: null, status, results: [] };
      this.#tests.push(test);
    }
    if (status === 'FAILED') test.status = status;
    const result: TestResult = { name: found['name'] ?? '', context: null, status, output: null };
    test.results.push(result);
    this.#tell(line, test, result);
  }

  #tell(line: string, test: Test, result?: TestResult): void {
    const text = line.replace(/\n$/, '');
    this.#onFound?.({ line: this.#lines, text, test, ...(result === undefined ? {} : { result }) });
  }
}

function withGroups(key: string, pattern: string, names: string[]): PythonPattern {
  const compiled = compilePython(pattern);
  const missing = names.find((name) => !compiled.groups.has(name));
  if (missing === undefined) return compiled;
  throw new PatternError(
    `The ${key} ${JSON.stringify(pattern)} has no group (?P<${missing}>…), which the server reads.`,
  );
}
