/** Makes the repairs that findings offer, if they change nothing else. */

import { Positions, PyFloat, type YamlObject, type YamlValue } from '../python/index.js';
import { childPath } from '../schema/index.js';
import { type CheckResult, check } from './check.js';
import type { Edit, LintConfig, Range } from './finding.js';

/** A repair may make another one possible; real files need fewer passes. */
const MAX_PASSES = 10;
/** Checks of the whole text in a pass: enough to find a few harmful repairs among thousands. */
const MAX_CHECKS = 60;

export interface Fixed {
  text: string;
  /** How many repairs are in it; 0 leaves the text as it was. */
  repairs: number;
  /** The check of the repaired text. */
  result: CheckResult;
}

export interface FixOptions {
  /** Also puts names that were probably meant in the place of those that do not exist. */
  unsafe?: boolean;
}

/**
 * Repairs a definition. Of overlapping repairs the first is made, the others in the next pass. One that would make
 * the server reject what it accepts, or change another value or a comment, is not made.
 */
export function fix(input: string | Uint8Array, config: LintConfig, options: FixOptions = {}): Fixed {
  let result = check(input, config);
  let { text } = result.document;
  let repairs = 0;
  // Bytes that are not text cannot be written back unchanged.
  if (result.document.problem?.stage === 'yaml') return { text, repairs, result };
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { edits, after } = mendable(text, result, config, options);
    if (edits.length === 0) break;
    repairs += edits.length;
    result = after;
    text = after.document.text;
  }
  return { text, repairs, result };
}

/** The largest set of repairs that can be made at once, and the check of the text after them. */
function mendable(
  text: string,
  before: CheckResult,
  config: LintConfig,
  options: FixOptions,
): { edits: Edit[]; after: CheckResult } {
  const positions = new Positions(text);
  let after = before;
  let made: Edit[] = [];
  let checks = 0;
  const add = (edits: Edit[]): void => {
    if (edits.length === 0 || checks++ >= MAX_CHECKS) return;
    const all = [...made, ...edits];
    const next = check(applyEdits(text, all, positions), config);
    if (isHarmless(before, next, all)) [made, after] = [all, next];
    else if (edits.length > 1) {
      const half = edits.length >> 1;
      add(edits.slice(0, half));
      add(edits.slice(half));
    }
  };
  add(apart(before, options));
  return { edits: made, after };
}

/** Repairs that do not touch one another, in the order of the text; the same one only once. */
function apart({ diagnostics }: CheckResult, { unsafe = false }: FixOptions): Edit[] {
  const edits = diagnostics.flatMap(({ fix, suggestion }) => fix ?? (unsafe && suggestion ? [suggestion] : []));
  edits.sort((a, b) => a.range.line - b.range.line || a.range.column - b.range.column);
  const chosen: Edit[] = [];
  for (const edit of edits) {
    const last = chosen.at(-1)?.range;
    if (last === undefined || startsBehind(edit.range, last)) chosen.push(edit);
  }
  return chosen;
}

function startsBehind(range: Range, last: Range): boolean {
  const { line, column } = range;
  const same = line === last.line && column === last.column;
  return !same && (line > last.endLine || (line === last.endLine && column >= last.endColumn));
}

/** A text with its edits made, in any order; none may overlap another. */
export function applyEdits(text: string, edits: readonly Edit[], positions: Positions): string {
  const parts: string[] = [];
  let done = 0;
  const ordered = edits.map((edit) => ({ text: edit.text, ...positions.offsets(edit.range) }));
  for (const { start, end, text: inserted } of ordered.sort((a, b) => a.start - b.start)) {
    parts.push(text.slice(done, start), inserted);
    done = end;
  }
  parts.push(text.slice(done));
  return parts.join('');
}

/** Whether edits changed nothing but what stands where they were made. */
function isHarmless(before: CheckResult, after: CheckResult, edits: readonly Edit[]): boolean {
  if (before.accepted && !after.accepted) return false;
  const [old, next] = [before.document, after.document];
  if (old.value === undefined || next.value === undefined) return false;
  if (next.problem !== undefined && old.problem === undefined) return false;
  const comments = (result: CheckResult) => result.document.comments.map(({ text }) => text).join('\n');
  if (comments(before) !== comments(after)) return false;
  const changed = changedBy(before, after, edits);
  // An alias may have the same text where the server needs another kind of value.
  return changed !== undefined && !after.diagnostics.some((d) => d.server === 'rejects' && changed.has(d.path));
}

/** Pointers to the values that edits made others; undefined when they changed something that they are not at. */
export function changedBy(before: CheckResult, after: CheckResult, edits: readonly Edit[]): Set<string> | undefined {
  return new Comparison(before, after, edits).changed();
}

/** Compares two values where no edit was made; each pair once, since aliases may multiply them. */
class Comparison {
  readonly #before: CheckResult;
  readonly #root: [YamlValue, YamlValue];
  readonly #edited: ReadonlySet<string>;
  readonly #seen = new Map<object, object>();

  constructor(before: CheckResult, after: CheckResult, edits: readonly Edit[]) {
    this.#before = before;
    this.#root = [before.document.value ?? null, after.document.value ?? null];
    this.#edited = new Set(edits.map(({ range }) => keyOf(range)));
  }

  /** Pointers to the values that are others now; undefined when one of them was not edited. */
  changed(): Set<string> | undefined {
    const changed = new Set<string>();
    const open: [YamlValue, YamlValue, string][] = [[...this.#root, '']];
    for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
      const [old, next, path] = pair;
      if (isContainer(old) && isContainer(next)) {
        if (this.#seen.get(old) === next) continue;
        this.#seen.set(old, next);
        const inside = Array.isArray(old) || Array.isArray(next) ? items(old, next) : this.#entries(old, next, path);
        if (inside === undefined) return undefined;
        for (const [a, b, key] of inside) open.push([a, b, childPath(path, key)]);
      } else if (!isSame(old, next)) {
        if (!this.#isEdited(path, 'value')) return undefined;
        changed.add(path);
      }
    }
    return changed;
  }

  /** The pairs of two mappings; keys that were edited are paired in their order. */
  #entries(old: YamlObject, next: YamlObject, path: string): Pair[] | undefined {
    const lost = Object.keys(old).filter((key) => !(key in next));
    const gained = Object.keys(next).filter((key) => !(key in old));
    if (lost.length !== gained.length || !lost.every((key) => this.#isEdited(childPath(path, key), 'key'))) return;
    const renamed = new Map(lost.map((key, i) => [key, gained[i] ?? key]));
    return Object.keys(old).map((key): Pair => [old[key] ?? null, next[renamed.get(key) ?? key] ?? null, key]);
  }

  #isEdited(path: string, what: 'key' | 'value'): boolean {
    const range = this.#before.document.locate(path)?.[what];
    return range !== undefined && this.#edited.has(keyOf(range));
  }
}

type Pair = [YamlValue, YamlValue, string];

function items(old: YamlValue, next: YamlValue): Pair[] | undefined {
  if (!Array.isArray(old) || !Array.isArray(next) || old.length !== next.length) return undefined;
  return old.map((item, i): Pair => [item, next[i] ?? null, String(i)]);
}

function isContainer(value: YamlValue): value is YamlValue[] | YamlObject {
  return typeof value === 'object' && value !== null && !(value instanceof PyFloat);
}

function isSame(old: YamlValue, next: YamlValue): boolean {
  if (old instanceof PyFloat && next instanceof PyFloat) return Object.is(old.value, next.value);
  return old === next;
}

function keyOf({ line, column, endLine, endColumn }: Range): string {
  return `${line}:${column}-${endLine}:${endColumn}`;
}
