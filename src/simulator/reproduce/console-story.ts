/**
 * What a run's console tells of it: which lines are the script's own, and how the run ended. A worker
 * writes its own lines between those of the script; both the reference's worker and ours are understood
 * (the reference's: runner/jobserv_runner/handlers/simple.py, jobserv.py and worker.py `_check_stuck`).
 */
import type { FailureCause } from '../../executor/checkpoint.js';

/** Of the console at its end; a field that is not there was not told. */
export interface ConsoleFacts {
  /** The registry's digest of the image, `sha256:…`. */
  digest?: string;
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

/** Longer lines are compared as far as this, characters. */
const LONGEST_LINE = 64 * 1024;

const TIME = '\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?';
const HEADING = new RegExp(`^== ${TIME}: (.*)$`);
const DETAIL = new RegExp(`^ {3}${TIME}: (?:INFO |WARN |ERROR) (.*)$`);
const STARTS = /^Running (?:the script in its container|script inside container)$/;
const PULLS = /^Pulling (?:image|container)/;
const DIGEST = /\bDigest: (sha256:[0-9a-f]{64})\b/;
/** Ours; the executor's tests hold it to this form. */
const VERDICT = /^The run has (PASSED|FAILED)(?: \((\w+)\))?(?:: (.*))?$/;
const EXITED = /^The script exited with status (\d+)/;
/** The reference's, behind the script's last output. */
const COMPLETED = /Script completed( with error\(s\))?$/;

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
 * Reads a console line by line, in bounded memory.
 *
 * @param facts filled while the lines are read; complete when the generator is done
 */
export async function* scriptLines(
  console: AsyncIterable<Uint8Array>,
  facts: ConsoleFacts,
): AsyncGenerator<ScriptLine> {
  const story = new Story(facts);
  for await (const { number, text } of linesOf(console)) {
    const own = story.line(text);
    if (own !== undefined) yield { number, text: own };
  }
}

export const noFacts = (): ConsoleFacts => ({ started: false });

class Story {
  readonly #facts: ConsoleFacts;
  #part: 'before' | 'pull' | 'script' | 'after' = 'before';
  #inDetail = false;

  constructor(facts: ConsoleFacts) {
    this.#facts = facts;
  }

  /** @returns what of the line is the script's; undefined for a line that is not */
  line(text: string): string | undefined {
    const heading = HEADING.exec(text)?.[1];
    const detail = heading === undefined ? DETAIL.exec(text)?.[1] : undefined;
    const more = this.#inDetail && text.startsWith('   |');
    this.#inDetail = detail !== undefined || more;
    if (heading !== undefined) return this.#heading(heading);
    if (detail !== undefined) return this.#detail(detail);
    if (more) return undefined;
    if (this.#part !== 'script' || STUCK.test(text)) {
      if (this.#part === 'pull') this.#digest(text);
      this.#end(text);
      return undefined;
    }
    const completed = COMPLETED.exec(text);
    if (completed === null) return text;
    this.#part = 'after';
    this.#facts.passed = completed[1] === undefined;
    return completed.index === 0 ? undefined : text.slice(0, completed.index);
  }

  #heading(text: string): undefined {
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
    // What follows is the engine's answer to being told to kill the container.
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
    for (const [pattern, cause, message] of ENDS) {
      if (!pattern.test(text)) continue;
      this.#facts.cause = cause;
      this.#facts.message = message ?? text;
    }
  }
}

/** Lines by `\n`; what is no UTF-8 is replaced, and a line is cut after `LONGEST_LINE`. */
async function* linesOf(console: AsyncIterable<Uint8Array>): AsyncGenerator<ScriptLine> {
  const decoder = new TextDecoder();
  let number = 1;
  let rest = '';
  for await (const chunk of console) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n');
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) {
        yield { number, text: rest };
        number++;
        rest = '';
      }
      if (rest.length < LONGEST_LINE) rest = (rest + piece).slice(0, LONGEST_LINE);
    }
  }
  rest += decoder.decode();
  if (rest !== '') yield { number, text: rest };
}
