/** Whether tests that were read here are those that a server recorded. */
import type { Test, TestGrepping, TestResult } from '../../schema/model.js';

export interface Disagreement {
  test: string;
  /** The result; undefined where the test itself is meant. */
  result?: string;
  /** Its status; null where it was not found. */
  here: string | null;
  server: string | null;
}

/** In the console's order; what only the server has comes last. Tests that the run sent itself (junit) do not count. */
export function disagreements(
  read: readonly Test[],
  recorded: readonly Test[],
  grepping: TestGrepping,
): Disagreement[] {
  const pattern = grepping['test-pattern'] ?? null;
  const grepped = recorded.filter(({ name, context }) => (context === null ? name === 'default' : context === pattern));
  const theirs = byName(grepped);
  const found: Disagreement[] = [];
  for (const [name, ours] of byName(read)) {
    const others = theirs.get(name) ?? [];
    theirs.delete(name);
    for (let index = 0; index < Math.max(ours.length, others.length); index++) {
      found.push(...differing(name, ours[index], others[index], index === 0));
    }
  }
  for (const [name, others] of theirs) {
    for (const other of others) found.push({ test: name, here: null, server: other.status });
  }
  return found;
}

/** @param shown whether the server shows the results: of several tests of one name it does so for the first */
function differing(name: string, ours: Test | undefined, theirs: Test | undefined, shown: boolean): Disagreement[] {
  const found: Disagreement[] = [];
  if (ours?.status !== theirs?.status) {
    found.push({ test: name, here: ours?.status ?? null, server: theirs?.status ?? null });
  }
  if (ours === undefined || theirs === undefined || !shown) return found;
  for (let index = 0; index < Math.max(ours.results.length, theirs.results.length); index++) {
    const one = ours.results[index];
    const other = theirs.results[index];
    if (one?.name === other?.name && one?.status === other?.status) continue;
    if (one?.name !== other?.name && one !== undefined && other !== undefined) {
      found.push(only(name, one, 'here'), only(name, other, 'server'));
      // What follows is only shifted.
      break;
    }
    const result = one?.name ?? other?.name ?? '';
    found.push({ test: name, result, here: one?.status ?? null, server: other?.status ?? null });
  }
  return found;
}

function only(test: string, { name, status }: TestResult, where: 'here' | 'server'): Disagreement {
  return { test, result: name, here: where === 'here' ? status : null, server: where === 'server' ? status : null };
}

function byName(tests: readonly Test[]): Map<string, Test[]> {
  const named = new Map<string, Test[]>();
  for (const test of tests) named.set(test.name, [...(named.get(test.name) ?? []), test]);
  return named;
}
