/** The goldens: what a script saw, and how its run ended, under the reference worker and runner. */
import { readFileSync } from 'node:fs';
import type { ProbeFacts } from './probe.js';

export interface ProbeAnswer {
  /** Every status that the server was told, repeats left out. */
  statuses: string[];
  /** Of the docker client: 125 when it could not create the container; null when it did not come to that. */
  exitCode: number | null;
  /** `setup`: no container; `start`: its process could not be started; `script`: it exited non-zero. */
  reason?: 'setup' | 'start' | 'script';
  artifacts?: string[];
  /** States that a pull or merge request was given. */
  forge?: string[];
  /** Absent when the probe did not come to its end. */
  probe?: { facts: ProbeFacts } | { like: string; differs: unknown };
}

const answers = JSON.parse(
  readFileSync(new URL('../../fixtures/probe/expected.json', import.meta.url), 'utf8'),
) as Record<string, ProbeAnswer>;

export function probeAnswer(name: string): ProbeAnswer {
  const answer = answers[name];
  if (answer === undefined) throw new Error(`expected.json has no answer to the case ${name}.`);
  return answer;
}

/** A case's facts in full: the file tells most of them as what differs from another case. */
export function expectedFacts(name: string): ProbeFacts | undefined {
  const { probe } = probeAnswer(name);
  if (probe === undefined || 'facts' in probe) return probe?.facts;
  return patched(expectedFacts(probe.like), probe.differs) as ProbeFacts;
}

/**
 * As few of the cases as show every mount, file, owner, identity and end that any of them shows, each at least once:
 * the next one is always a case that shows most of what is still missing.
 */
export function fewestOfAllKinds<Case extends { name: string }>(cases: Case[]): Case[] {
  const shown = cases.map((probeCase) => ({ probeCase, kinds: kindsOf(probeCase.name) }));
  const missing = new Set(shown.flatMap(({ kinds }) => kinds));
  const chosen = new Set<Case>();
  const adds = ({ kinds }: { kinds: string[] }) => kinds.filter((kind) => missing.has(kind)).length;
  while (missing.size > 0) {
    const [best] = shown.toSorted((a, b) => adds(b) - adds(a));
    for (const kind of best?.kinds ?? []) missing.delete(kind);
    if (best) chosen.add(best.probeCase);
  }
  return cases.filter((probeCase) => chosen.has(probeCase));
}

function kindsOf(name: string): string[] {
  const { statuses, reason, artifacts = [] } = probeAnswer(name);
  const facts = expectedFacts(name);
  const files = Object.entries(facts?.files ?? {}).map(([path, { mode, owner, type }]) => [path, mode, owner, type]);
  const container = [facts?.identity, facts?.capabilities, facts?.devices];
  const kinds = [[statuses, reason], artifacts.length, ...container, ...(facts?.mounts ?? []), ...files];
  return [...new Set(kinds.map((kind) => JSON.stringify(kind ?? null)))];
}

/** JSON merge patch (RFC 7396): null takes a key away, a list is replaced as a whole. */
function patched(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(value) ? { ...value } : {};
  for (const [key, item] of Object.entries(patch)) {
    if (item === null) delete result[key];
    else result[key] = patched(result[key], item);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
