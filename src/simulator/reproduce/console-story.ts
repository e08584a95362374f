/**
 * What a run's console tells of it: which lines are the script's own, and how the run ended. A worker
 * writes its own lines between those of the script; both the reference's worker and ours are understood
 * (the reference's: runner/jobserv_runner/handlers/simple.py, jobserv.py and worker.py `_check_stuck`).
 */
import { createReadStream } from 'node:fs';
import { processExitCode } from '../../docker/index.js';
import type { FailureCause } from '../../executor/index.js';

/** Where a run was that could not be set up. */
export type SetupStep = 'pull' | 'prepare' | 'start';

/** Of the console at its end; an absent field is one that the console does not state. */
export interface ConsoleFacts {
  /** The line on which the last worker got the run: what is before is of one that lost it. 1 when nothing says so. */
  begins: number;
  /** Whether a worker wrote anything. */
  taken: boolean;
  /** The registry's digest of the image, `sha256:…`. */
  digest?: string;
  /** How far a worker came that did not start the script. */
  setup?: SetupStep;
  /** Whether the script was started. */
  started: boolean;
  /** How the script ended; undefined: the console does not say. */
  passed?: boolean;
  exitCode?: number;
  cause?: FailureCause;
  /** The worker's reason, in its own words. */
  message?: string;
}

/** A line of the script's. */
export interface ScriptLine {
  /** In the console, from 1. */
  number: number;
  text: string;
}

/** No line of a worker's or a server's has fewer characters. */
const SHORTEST_OWN = 4;
/** Longer lines are compared as far as this, characters. */
const LONGEST_LINE = 64 * 1024;

const TIME = '\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?';
const HEADING = new RegExp(`^== ${TIME}: (.*)$`);
const DETAIL = new RegExp(`^ {3}${TIME}: (?:INFO |WARN |ERROR) (.*)$`);
const STARTS = /^Running (?:the script in its container|script inside container)$/;
const PULLS = /^Pulling (?:image|container)/;
const PREPARES = /^(?:Preparing |Creating container |Cloning |Setting up (?:the |container )?environment)/;
/** The server's: it hands the run to a worker, for the first time or again. */
const SENT = /^# Run sent to worker: /;
const DIGEST = /\bDigest: (sha256:[0-9a-f]{64})\b/;
/** Ours; the executor's tests hold it to this form. */
const VERDICT = /^The run has (PASSED|FAILED)(?: \((\w+)\))?(?:: (.*))?$/;
const EXITED = /^The script exited with status (\d+)/;
/** The reference's, behind the script's last output. */
const COMPLETED = /Script completed( with error\(s\))?$/;

/** What a worker says of the end, where the script had not ended its last line: behind that line. */
const BEHIND = new RegExp(
  `^(.+?)(== ${TIME}: (?:Run timed out|Run cancelled from server|The run has ).*| {3}${TIME}: ERROR Run has timed out.*)$`,
);

/** The reference's worker starts containers with docker's client, which says why it could not, and no more. */
const REFUSED = /^docker: (?:Error response from daemon: )?(.*?)\.?$/;
const REFUSED_MORE = /^(?:(?:See|Run) 'docker run --help'.*)?$/;
/** The end of what its Python says of an error. */
const RAISED = /^ \| [\w.]*(?:Error|Exception): (.*)$/;

/** A server that gives up on a run writes so wherever the console stands. */
const STUCK = new RegExp(`^${TIME} ERROR: Run appears to be stuck`);

/** What the reference's worker, or a server, says of an end that was not the script's. */
const ENDS: readonly [RegExp, FailureCause, string?][] = [
  [/^Run timed out$/, 'timeout'],
  [/^Run cancelled from server/, 'cancelled'],
  [/^CANCELLED$/, 'cancelled', 'The server cancelled the run.'],
  [STUCK, 'lost'],
  [/^(?:Unable to upload|Unexpected error for) /, 'artifacts'],
];
/** The reference tells of these while it goes on, each as a heading. */
const NO_REASON =
  /^(?:Script completed|Finding artifacts|Uploading |Analyzing |Error uploading |Run completed|Runner|cmd seems hung)/;

/**
 * A console out of a file.
 *
 * @param onBytes gets how much of it was read; undefined at the end
 * @throws the signal's reason: a console of empty lines takes long to read, however small it is
 */
export async function* bytesOf(
  path: string,
  signal: AbortSignal,
  onBytes: (read: number | undefined) => void = () => {},
): AsyncGenerator<Uint8Array> {
  let read = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      yield chunk;
      read += chunk.length;
      onBytes(read);
    }
  } finally {
    onBytes(undefined);
  }
}

/**
 * Reads a console line by line, in bounded memory; the lines of a piece of it at a time, because waiting for each of
 * millions of lines would take minutes.
 *
 * @param facts filled while the lines are read; complete when the generator is done
 * @param from the first line that counts
 */
export async function* scriptLines(
  console: AsyncIterable<Uint8Array>,
  facts: ConsoleFacts,
  from = 1,
): AsyncGenerator<ScriptLine[]> {
  const story = new Story(facts);
  let number = 0;
  for await (const lines of linesOf(console)) {
    const output: ScriptLine[] = [];
    for (const line of lines) {
      number++;
      const own = story.line(line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line, number);
      if (own !== undefined && number >= from) output.push({ number, text: own });
    }
    if (output.length > 0) yield output;
  }
}

export const noFacts = (): ConsoleFacts => ({ begins: 1, taken: false, started: false });

class Story {
  readonly #facts: ConsoleFacts;
  #part: 'before' | 'pull' | 'script' | 'after' = 'before';
  #inDetail = false;
  /** Why the container was not started; while nothing speaks against it. */
  #refused: string | undefined;
  #silent = true;

  constructor(facts: ConsoleFacts) {
    this.#facts = facts;
  }

  /** @returns what of the line is the script's; undefined for a line that is not */
  line(text: string, number: number): string | undefined {
    const inScript = this.#part === 'script';
    // Consoles of millions of lines have mostly such ones.
    if (text.length < SHORTEST_OWN && (inScript || text === '')) {
      this.#inDetail = false;
      return inScript ? this.#output(text) : undefined;
    }
    if (SENT.test(text)) return this.#again(number);
    const [, before, behind] = (this.#part === 'script' && BEHIND.exec(text)) || [];
    if (before !== undefined && behind !== undefined) {
      const own = this.#output(before);
      this.line(behind, number);
      return own;
    }
    const heading = HEADING.exec(text)?.[1];
    const detail = heading === undefined ? DETAIL.exec(text)?.[1] : undefined;
    const more = this.#inDetail && text.startsWith('   |');
    this.#inDetail = detail !== undefined || more;
    if (heading !== undefined) return this.#heading(heading);
    if (detail !== undefined) return this.#detail(detail);
    if (more) return undefined;
    const completed = this.#facts.started ? COMPLETED.exec(text) : null;
    // What a script writes may look like a worker's headings, and does where it is one: this line ends it all the same.
    const first = this.#part === 'script' || this.#facts.passed === undefined;
    const end = completed !== null && (first || completed.index === 0);
    if ((this.#part !== 'script' && !end) || STUCK.test(text)) {
      if (this.#part === 'pull') this.#digest(text);
      if (!this.#facts.taken && text.trim() !== '') this.#facts.message ??= text;
      this.#end(text);
      return undefined;
    }
    if (completed === null) return this.#output(text);
    this.#part = 'after';
    for (const field of ['cause', 'message', 'exitCode'] as const) delete this.#facts[field];
    this.#facts.passed = completed[1] === undefined;
    if (this.#refused !== undefined) this.#notStarted(this.#refused);
    return !inScript || completed.index === 0 ? undefined : text.slice(0, completed.index);
  }

  #output(text: string): string | undefined {
    const refused = this.#silent ? REFUSED.exec(text)?.[1] : undefined;
    this.#silent = false;
    if (refused !== undefined) this.#refused = refused;
    else if (this.#refused !== undefined && !REFUSED_MORE.test(text)) this.#refused = undefined;
    return this.#refused === undefined ? text : undefined;
  }

  #notStarted(why: string): void {
    const exitCode = processExitCode(why);
    // The client reads the environment, before it asks for a container.
    const setup: SetupStep = /\benv file\b/.test(why) ? 'prepare' : 'start';
    if (exitCode === undefined) Object.assign(this.#facts, { started: false, cause: 'setup', setup });
    else this.#facts.exitCode = exitCode;
    this.#facts.message = why;
  }

  #again(number: number): undefined {
    for (const known of Object.keys(this.#facts)) delete this.#facts[known as keyof ConsoleFacts];
    Object.assign(this.#facts, noFacts(), { begins: number });
    [this.#part, this.#inDetail, this.#refused, this.#silent] = ['before', false, undefined, true];
    return undefined;
  }

  #heading(text: string): undefined {
    if (!this.#facts.taken) delete this.#facts.message;
    this.#facts.taken = true;
    if (PULLS.test(text)) this.#facts.setup = 'pull';
    else if (PREPARES.test(text)) this.#facts.setup = 'prepare';
    const [, status, cause, message] = VERDICT.exec(text) ?? [];
    if (STARTS.test(text)) {
      this.#part = 'script';
      this.#facts.started = true;
    } else if (status !== undefined) this.#verdict(status, cause, message);
    else if (!/^cmd seems hung/.test(text)) {
      this.#part = PULLS.test(text) ? 'pull' : this.#facts.started ? 'after' : 'before';
      this.#end(text);
      if (!PULLS.test(text) && !NO_REASON.test(text)) this.#facts.message = text;
    }
    return undefined;
  }

  #detail(text: string): undefined {
    if (this.#part === 'pull') this.#digest(text);
    // What follows is the engine's answer to the request to kill the container.
    if (/^Run has timed out/.test(text)) [this.#facts.cause, this.#part] = ['timeout', 'after'];
    return undefined;
  }

  #verdict(status: string, cause: string | undefined, message: string | undefined): void {
    this.#part = 'after';
    this.#facts.passed = status === 'PASSED';
    delete this.#facts.message;
    if (cause !== undefined) this.#facts.cause = cause as FailureCause;
    if (message === undefined) return;
    this.#facts.message = message;
    const exited = EXITED.exec(message)?.[1];
    if (exited !== undefined) this.#facts.exitCode = Number(exited);
  }

  #digest(text: string): void {
    const digest = DIGEST.exec(text)?.[1];
    if (digest !== undefined) this.#facts.digest = digest;
  }

  #end(text: string): void {
    const raised = RAISED.exec(text)?.[1];
    if (raised !== undefined) this.#facts.message = raised;
    for (const [pattern, cause, message] of ENDS) {
      if (!pattern.test(text)) continue;
      this.#facts.cause = cause;
      this.#facts.message = message ?? text;
    }
  }
}

/** Lines by `\n`; what is no UTF-8 is replaced, and of a line that spans pieces not much more than `LONGEST_LINE` is kept. */
async function* linesOf(console: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of console) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    lines[0] = rest.length < LONGEST_LINE ? rest + (lines[0] ?? '') : rest;
    rest = lines.pop() ?? '';
    yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}
