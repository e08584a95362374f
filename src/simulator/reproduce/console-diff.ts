/** `--console-diff`: the script's output on the server and here, line by line, as a unified diff. */
import { writeFile } from 'node:fs/promises';
import { UsageError } from '../../lib/errors.js';
import type { Side } from './first-divergence.js';
import { normaliseLine } from './normalise-line.js';

/** Beyond this many lines a difference is not looked for: its time grows with the square. */
const MOST_LINES = 200_000;
const MAX_MS = 20_000;

/** @throws UsageError when the file cannot be written, or the consoles differ too much to be compared */
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
  await writeFile(path, `${head}${lines.map((line) => `${line}\n`).join('')}`, { mode: 0o600 }).catch(
    (error: Error) => {
      throw new UsageError(`The difference of the consoles cannot be written to ${path}: ${error.message}.`);
    },
  );
}

async function collect({ lines, names }: Side): Promise<{ text: string; compared: string }[]> {
  const all: { text: string; compared: string }[] = [];
  for await (const { text } of lines) {
    const compared = normaliseLine(text, names);
    if (compared !== undefined && all.length < MOST_LINES) all.push({ text, compared });
  }
  return all;
}
