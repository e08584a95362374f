/**
 * The cases of `fixtures/probe/cases.json`: run definitions with placeholders, and what
 * the machine around them holds. One list for the recording of the reference and the test.
 */
import { readFileSync } from 'node:fs';
import type { RunDefinition } from '../../src/schema/index.js';

const folder = new URL('../../fixtures/probe/', import.meta.url);

/** Text of `probe.sh`, which stands for `{probe}` in a case's script. */
export const PROBE = readFileSync(new URL('probe.sh', folder), 'utf8');

export interface ProbeCase {
  name: string;
  /** What it is for, or a fact worth knowing about its answer. */
  note?: string;
  /** Fields that differ from the base definition. */
  rundef: Partial<Record<keyof RunDefinition, unknown>>;
  host?: {
    /** Text of the docker client's config. */
    dockerConfig?: string;
    /** Whether `/usr/local/share/ca-certificates` holds a file. */
    certificates?: boolean;
    /** Name of a configured shared volume: files in its folder. `same:<name>` is the folder of another. */
    sharedVolumes?: Record<string, Record<string, string> | string>;
    /** What an earlier run left in a persistent volume. */
    persistentVolumes?: Record<string, Record<string, string>>;
    memoryBytes?: number;
  };
  /**
   * `executor` (the default): ours must agree. `worker`: decided before the executor has the
   * run. `machine`: depends on what this engine, or its client, can do. `different`: ours
   * ends otherwise on purpose, as `ours` says.
   */
  scope?: 'executor' | 'worker' | 'machine' | 'different';
  ours?: 'PASSED' | 'FAILED';
}

/** Values of the placeholders: `{git}`, `{sha:app:main}`, … */
export type Placeholders = Record<string, string>;

interface CaseFile {
  base: Record<string, unknown>;
  cases: ProbeCase[];
}

export function probeCases(): ProbeCase[] {
  return (JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as CaseFile).cases;
}

/** The whole run definition of a case, as a worker gets it from the server. */
export function caseRunDefinition(probeCase: ProbeCase, placeholders: Placeholders): RunDefinition {
  const { base } = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as CaseFile;
  const rundef: Record<string, unknown> = { ...base, ...probeCase.rundef };
  if ('script-repo' in rundef) delete rundef['script'];
  return fill(rundef, { ...placeholders, probe: PROBE }) as RunDefinition;
}

/** Replaces `{name}` by its value and `{repeat:x:n}` by n times x, in keys and values, at any depth. */
export function fill(value: unknown, placeholders: Placeholders): unknown {
  if (typeof value === 'string') return fillText(value, placeholders);
  if (Array.isArray(value)) return value.map((item) => fill(item, placeholders));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [fillText(key, placeholders), fill(item, placeholders)]),
  );
}

function fillText(text: string, placeholders: Placeholders): string {
  return text
    .replace(/\{repeat:(.):(\d+)\}/g, (_, what: string, times: string) => what.repeat(Number(times)))
    .replace(/\{[a-z][a-z:/.-]*\}/g, (name) => placeholders[name.slice(1, -1)] ?? name);
}
