import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { check } from '../../../src/lint/index.js';
import {
  buildRunDefinition,
  type Definition,
  expand,
  type Json,
  type Run,
  type Trigger,
} from '../../../src/schema/index.js';

/** The live server's answers to inputs written for this project: every one must be ours too. */
const FOLDER = new URL('../../../fixtures/conformance/', import.meta.url);
/** The server's own addresses and keys: nothing that follows from the definition. */
const PLACEHOLDERS = ['run_url', 'frontend_url', 'runner_url', 'api_key'];

interface Verdict {
  id: string;
  yaml: string;
  ok: boolean;
  expanded?: Json;
}

interface Build {
  id: string;
  yaml: string;
  project: string;
  build: number;
  params: Record<string, string>;
  secrets: Record<string, string>;
  runs: { trigger: string; run: string; rundef?: Record<string, Json>; error?: Json; crash?: Json }[];
}

function cases<Case>(file: string): Case[] {
  const lines = readFileSync(new URL(file, FOLDER), 'utf8').split('\n');
  const found = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Case);
  expect(found.length, `${file} holds cases`).toBeGreaterThan(0);
  return found;
}

/** Prints the figure, and fails with the ids of the cases that disagree. */
function judge<Case extends { id: string }>(file: string, agrees: (example: Case) => boolean): void {
  const all = cases<Case>(file);
  const wrong = all.filter((example) => !agrees(example)).map(({ id }) => id);
  console.log(`${file}: agree ${all.length - wrong.length} of ${all.length}`);
  expect(wrong).toEqual([]);
}

/** As JSON has it: the order of keys says nothing. */
function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))
      : item,
  );
}

function expanded(definition: Definition) {
  return expand(definition).map(({ name, type, runs }) => ({ trigger: name, type, runs }));
}

function withoutPlaceholders(rundef: object): object {
  return Object.fromEntries(Object.entries(rundef).filter(([key]) => !PLACEHOLDERS.includes(key)));
}

describe('conformance with the live server', () => {
  for (const file of ['definitions.jsonl', 'yaml11.jsonl']) {
    it(`${file}: the verdict and the expanded runs`, () => {
      judge<Verdict>(file, ({ yaml, ok, expanded: wanted }) => {
        const { accepted, definition } = check(yaml);
        return accepted === ok && (definition === undefined || same(expanded(definition), wanted));
      });
    });
  }

  it('run-definitions.jsonl: the run definitions, and where there can be none', () => {
    judge<Build>('run-definitions.jsonl', ({ yaml, project, build, params, secrets, runs: wanted }) => {
      const { definition } = check(yaml);
      if (definition === undefined) return false;
      const runs = expand(definition).flatMap((trigger) => trigger.runs.map((run): [Trigger, Run] => [trigger, run]));
      return (
        runs.length === wanted.length &&
        runs.every(([trigger, run], i) => {
          const ours = buildRunDefinition({ definition, trigger, run, project, build, params, secrets });
          const theirs = wanted[i];
          if (theirs?.trigger !== trigger.name || theirs.run !== run.name) return false;
          if (theirs.rundef === undefined) return 'error' in ours;
          return same(withoutPlaceholders(ours), withoutPlaceholders(theirs.rundef));
        })
      );
    });
  });
});
