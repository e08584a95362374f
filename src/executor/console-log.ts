/**
 * The tool's own lines in the console (SPEC 4): `== <UTC time>: <what begins>` and, under
 * it, `   <UTC time>: INFO  <detail>`.
 */

import { monotonicMs } from '../lib/index.js';
import type { ConsolePosition } from './checkpoint.js';
import type { Log, Reporter } from './ports.js';

const NEWLINE = 0x0a;
/** When the monotonic clock began, ms since 1970. */
const ORIGIN = Date.now() - monotonicMs();

/** The heading after which the console is the script's. */
export const SCRIPT_BEGINS = 'Running the script in its container';

/** `2026-11-24 04:12:31.123456`, UTC, as the server's own times are written. */
export function consoleTime(): string {
  const epochMs = ORIGIN + monotonicMs();
  const micros = Math.floor((epochMs % 1) * 1000);
  const iso = new Date(epochMs).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, '0')}`;
}

/**
 * A `Log` that writes through the reporter. A line of ours always begins a line: when the
 * script's last output had no newline, ours starts with one.
 */
export class ConsoleLog implements Log {
  readonly #reporter: Reporter;
  #atLineStart: boolean;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
    this.#atLineStart = reporter.kept?.atLineStart ?? true;
  }

  heading(text: string): Promise<void> {
    return this.#line(`== ${consoleTime()}: ${text}`);
  }

  info(text: string): Promise<void> {
    return this.#detail('INFO ', text);
  }

  warn(text: string): Promise<void> {
    return this.#detail('WARN ', text);
  }

  error(text: string): Promise<void> {
    return this.#detail('ERROR', text);
  }

  // Not async: on the path of every chunk of a script's output a promise is made only when the reporter makes one.
  raw(bytes: Uint8Array): Promise<void> {
    return Promise.resolve(this.write(bytes));
  }

  /** As `raw`, but synchronous where the reporter is. */
  write(bytes: Uint8Array, position?: ConsolePosition): void | Promise<void> {
    if (bytes.length === 0) return;
    this.#atLineStart = bytes[bytes.length - 1] === NEWLINE;
    return this.#reporter.write(bytes, position);
  }

  #detail(level: string, text: string): Promise<void> {
    return this.#line(`   ${consoleTime()}: ${level} ${text.replaceAll('\n', '\n   | ')}`);
  }

  async #line(text: string): Promise<void> {
    const start = this.#atLineStart ? '' : '\n';
    await this.write(Buffer.from(`${start}${text}\n`));
  }
}
