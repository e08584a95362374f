/** Where two consoles part, line by line. */
import type { ScriptLine } from './console-story.js';
import { type Names, normaliseLine } from './normalise-line.js';

export interface Side {
  lines: AsyncIterable<ScriptLine>;
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

/** Reads both to their ends, so that what their lines tell is known then; holds a few lines of each. */
export async function compareConsoles(server: Side, local: Side): Promise<ConsoleComparison> {
  const theirs = server.lines[Symbol.asyncIterator]();
  const ours = local.lines[Symbol.asyncIterator]();
  const open: { server: Comparable[]; local: Comparable[] } = { server: [], local: [] };
  let same = 0;
  /** A line that the other side has had already is the same; any other waits. */
  const meet = (line: ScriptLine | undefined, { names }: Side, own: Comparable[], other: Comparable[]) => {
    const compared = line && normaliseLine(line.text, names);
    if (line === undefined || compared === undefined) return;
    const twin = other.findIndex((waiting) => waiting.compared === compared);
    if (twin < 0) return void own.push({ line, compared });
    other.splice(twin, 1);
    same++;
  };
  for (;;) {
    const [there, here] = [await next(theirs), await next(ours)];
    if (there === undefined && here === undefined) break;
    // Most lines of a large console are the same to the letter: no need to look at what is in them.
    if (there?.text === here?.text && open.server.length + open.local.length === 0) {
      same++;
      continue;
    }
    meet(there, server, open.server, open.local);
    meet(here, local, open.local, open.server);
    if (Math.max(open.server.length, open.local.length) > WINDOW) {
      await Promise.all([toItsEnd(theirs), toItsEnd(ours)]);
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

async function next(lines: AsyncIterator<ScriptLine>): Promise<ScriptLine | undefined> {
  const { done, value } = await lines.next();
  return done ? undefined : value;
}

async function toItsEnd(lines: AsyncIterator<unknown>): Promise<void> {
  while (!(await lines.next()).done);
}
