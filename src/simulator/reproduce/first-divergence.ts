/** Where two consoles part, line by line. */
import type { ScriptLine } from './console-story.js';
import { type Names, normaliseLine } from './normalise-line.js';

export interface Side {
  lines: AsyncIterable<ScriptLine>;
  names: Names;
}

export interface Divergence {
  /** Undefined: that console has no such line, it ended before. */
  server?: ScriptLine;
  local?: ScriptLine;
}

export interface ConsoleComparison {
  /** Lines of the script that are the same, up to the first that is not. */
  same: number;
  divergence?: Divergence;
}

/** Reads both to their ends, so that what their lines tell is known then; holds one line of each. */
export async function compareConsoles(server: Side, local: Side): Promise<ConsoleComparison> {
  const theirs = comparable(server);
  const ours = comparable(local);
  for (let same = 0; ; same++) {
    const [there, here] = [(await theirs.next()).value, (await ours.next()).value];
    if (there === undefined && here === undefined) return { same };
    if (there !== undefined && here !== undefined && there.compared === here.compared) continue;
    const divergence = {
      ...(there === undefined ? {} : { server: there.line }),
      ...(here === undefined ? {} : { local: here.line }),
    };
    await Promise.all([toItsEnd(theirs), toItsEnd(ours)]);
    return { same, divergence };
  }
}

interface Comparable {
  line: ScriptLine;
  compared: string;
}

async function* comparable({ lines, names }: Side): AsyncGenerator<Comparable, undefined> {
  for await (const line of lines) {
    const compared = normaliseLine(line.text, names);
    if (compared !== undefined) yield { line, compared };
  }
}

async function toItsEnd(lines: AsyncIterator<unknown>): Promise<void> {
  while (!(await lines.next()).done);
}
