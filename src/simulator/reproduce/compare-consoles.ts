/** The script's output on the server and here: the lines that count, where they part, and the whole difference. */
import { notWritten, UsageError, withoutSequences, withoutTrailing, writeNamed } from '../../lib/index.js';
import type { ScriptLine } from './console-story.js';

export interface Side {
  /** One or more at a time. */
  lines: AsyncIterable<ScriptLine[]>;
  names: Names;
}

export interface Divergence {
  /** The first line that the other side has not; undefined: there is none. */
  server?: ScriptLine;
  local?: ScriptLine;
}

export interface ConsoleComparison {
  /** Lines of the script that are the same; where the consoles part for good, up to there. */
  same: number;
  divergence?: Divergence;
}

/**
 * So many lines may be ahead of the other side's: stdout and stderr are two streams, and which of them
 * an engine hands on first is chance; and what runs in parallel writes in any order.
 */
const WINDOW = 200;

/** Reads both to their ends, so that the facts in their lines are complete; holds a few lines of each. */
export async function compareConsoles(server: Side, local: Side): Promise<ConsoleComparison> {
  const [theirs, ours] = [new Lines(server), new Lines(local)];
  const open: { server: Comparable[]; local: Comparable[] } = { server: [], local: [] };
  let same = 0;
  /** A line that the other side has had already is the same; any other waits. */
  const meet = (line: ScriptLine | undefined, side: Lines, own: Comparable[], other: Comparable[]) => {
    const compared = line && side.normalised(line.text);
    if (line === undefined || compared === undefined) return;
    const twin = other.findIndex((waiting) => waiting.compared === compared);
    if (twin < 0) return void own.push({ line, compared });
    other.splice(twin, 1);
    same++;
  };
  for (;;) {
    if (theirs.empty) await theirs.read();
    if (ours.empty) await ours.read();
    const there = theirs.next();
    const here = ours.next();
    if (there === undefined && here === undefined) break;
    // Most lines of a large console are the same to the letter: no need to look at what is in them.
    if (there?.text === here?.text && open.server.length + open.local.length === 0) {
      same++;
      continue;
    }
    meet(there, theirs, open.server, open.local);
    meet(here, ours, open.local, open.server);
    if (Math.max(open.server.length, open.local.length) > WINDOW) {
      await Promise.all([theirs.toItsEnd(), ours.toItsEnd()]);
      break;
    }
  }
  const [there, here] = [open.server[0]?.line, open.local[0]?.line];
  if (there === undefined && here === undefined) return { same };
  const divergence = {
    ...(there === undefined ? {} : { server: there }),
    ...(here === undefined ? {} : { local: here }),
  };
  return { same, divergence };
}

interface Comparable {
  line: ScriptLine;
  compared: string;
}

/** The lines of a side, in order. */
class Lines {
  readonly #pieces: AsyncIterator<ScriptLine[]>;
  readonly #names: Names;
  #piece: ScriptLine[] = [];
  #at = 0;
  /** Consoles of millions of lines have few that differ. */
  #last: { text: string; compared: string | undefined } | undefined;

  constructor({ lines, names }: Side) {
    this.#pieces = lines[Symbol.asyncIterator]();
    this.#names = names;
  }

  get empty(): boolean {
    return this.#at === this.#piece.length;
  }

  /** Gets more lines, if there are any. */
  async read(): Promise<void> {
    const { done, value } = await this.#pieces.next();
    this.#piece = done ? [] : value;
    this.#at = 0;
  }

  next(): ScriptLine | undefined {
    return this.empty ? undefined : this.#piece[this.#at++];
  }

  normalised(text: string): string | undefined {
    if (this.#last?.text !== text) this.#last = { text, compared: normaliseLine(text, this.#names) };
    return this.#last.compared;
  }

  async toItsEnd(): Promise<void> {
    while (!(await this.#pieces.next()).done);
  }
}

/** Beyond this many lines a difference is not looked for: its time grows with the square. */
const MOST_LINES = 200_000;
const MAX_MS = 20_000;

/**
 * `--console-diff`: the script's output on the server and here as a unified diff.
 *
 * @throws EnvironmentError when the file cannot be written; UsageError when the consoles differ too much to be compared
 */
export async function writeConsoleDiff(path: string, server: Side, local: Side): Promise<void> {
  const { diffArrays } = await import('diff');
  const [theirs, ours] = [await collect(server), await collect(local)];
  const parts = diffArrays(theirs, ours, { comparator: (a, b) => a.compared === b.compared, timeout: MAX_MS });
  if (parts === undefined) {
    throw new UsageError(
      'The two consoles differ too much for --console-diff. Compare the files themselves; the workspace has the one of here.',
    );
  }
  const lines = parts.flatMap(({ added, removed, value }) =>
    value.map(({ text }) => `${added ? '+' : removed ? '-' : ' '}${text}`),
  );
  // As diff itself remarks on what it compares: a line that patch passes over.
  if (Math.max(theirs.length, ours.length) === MOST_LINES) {
    lines.push(`\\ No more than the first ${MOST_LINES} lines of each were compared.`);
  }
  const head = `--- server\n+++ here\n@@ -1,${theirs.length} +1,${ours.length} @@\n`;
  await writeNamed(path, `${head}${lines.map((line) => `${line}\n`).join('')}`).catch((error) => {
    throw notWritten('The difference of the consoles', path, error);
  });
}

async function collect({ lines, names }: Side): Promise<{ text: string; compared: string }[]> {
  const all: { text: string; compared: string }[] = [];
  for await (const piece of lines) {
    for (const { text } of piece) {
      const compared = all.length < MOST_LINES ? normaliseLine(text, names) : undefined;
      if (compared !== undefined) all.push({ text, compared });
    }
  }
  return all;
}

const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun';

/** In this order: what is longer, and says more, comes first. */
const CHANGING: readonly [RegExp, string][] = [
  // Times: ISO 8601 and its like, what `date` and HTTP write, a clock alone, seconds since 1970.
  [
    /\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?(?: ?(?:Z|UTC|GMT)\b| ?[+-]\d{2}:?\d{2}\b)?/g,
    '<time>',
  ],
  [
    new RegExp(
      `\\b(?:${DAYS}),? +(?:\\d{1,2} )?(?:${MONTHS}) +(?:\\d{1,2} +)?(?:\\d{4} +)?\\d{2}:\\d{2}:\\d{2}(?: +[A-Z]{3,4})?(?: +\\d{4})?`,
      'g',
    ),
    '<time>',
  ],
  [new RegExp(`\\b(?:${MONTHS}) +\\d{1,2} +(?:\\d{2}:\\d{2}(?::\\d{2})?|\\d{4})\\b`, 'g'), '<time>'],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, '<time>'],
  [/\b1[5-9]\d{8}(?:\.\d+)?\b|\b1[5-9]\d{11}\b|\b1[5-9]\d{17}\b/g, '<time>'],
  // Ids and addresses; those of a container come from the network that its engine made.
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, '<id>'],
  [/\b172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}\b/g, '<host>'],
  [/(\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0)|\[::1?\]|<host>):\d{4,5}\b/g, '$1:<port>'],
  [/\b(port)([ :=#]+)\d{4,5}\b/gi, '$1$2<port>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]+\b/gi, '<address>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,128}\b/gi, '<id>'],
  // Durations and rates.
  [/\b\d+m ?\d+(?:\.\d+)?s\b/g, '<duration>'],
  [/\b\d+(?:[.,]\d+)? ?(?:[kKMGT]i?B|bytes|B)\/s(?:ec)?\b/g, '<rate>'],
  [/\b\d+(?:[.,]\d+)? ?(?:ns|[u\u00b5\u03bc]s|ms|s|secs?|seconds?|m|mins?|minutes?)\b/g, '<duration>'],
  // Temporary files.
  [/\/(?:var\/)?tmp\/[^\s'"`)\]},;:]+/g, '<temporary>'],
  [/\b(pid|PID|process)([ :=#]+)\d+\b/g, '$1$2<id>'],
  [/\btmp\.[A-Za-z0-9]{6,}\b/g, '<temporary>'],
  // How far a build is, before what it does next.
  [/^\[ *\d{1,3}%\]/, '<percent>'],
];

/** A line that only shows how far something is: a bar, a percentage alone, or one with what has come and how fast. */
const PROGRESS = [
  /\[[=#>.\-\s\u2588-\u258f\u2591-\u2593|]{3,}\]/,
  /^\W*\d{1,3}(?:\.\d+)?%\W*$/,
  /\b\d{1,3}(?:\.\d+)?%.{0,300}(?:\(\d+\/\d+\)|\d ?(?:[kKMGT]i?B|bytes|B)\/s)/,
];

/** Names that only one of the two runs has, in its lines → what stands for them in both. */
export type Names = ReadonlyMap<string, string>;

/**
 * A console line without what differs from one run to the next though nothing went otherwise.
 *
 * @returns the line to compare; undefined for one that only shows how far something is
 * @public
 */
export function normaliseLine(text: string, names: Names = new Map()): string | undefined {
  // Of a line that was written over again and again the last is what counts.
  const shown = withoutTrailing(text, '\r');
  let line = withoutSequences(shown.slice(shown.lastIndexOf('\r') + 1));
  if (PROGRESS.some((pattern) => pattern.test(line))) return undefined;
  for (const [name, placeholder] of names) line = line.replaceAll(name, placeholder);
  for (const [pattern, placeholder] of CHANGING) line = line.replace(pattern, placeholder);
  return line.trimEnd();
}
