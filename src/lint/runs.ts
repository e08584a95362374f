/** What the rules ask about runs: params, loops, scripts, images, volumes, patterns. */
import { type ParsedRegex, parseRegex, RegexFault, TooDeep } from '../python/index.js';
import { childPath, GIT_TRIGGER_TYPES, parseImageName } from '../schema/index.js';
import type { CheckContext, LintedRun, Loose, TriggerView } from './context.js';
import type { Place } from './finding.js';
import { untextKey } from './rules/yaml11-type.js';
import { linksOf } from './triggers.js';

export interface Param {
  place: Place;
  name: string;
  level: 'definition' | 'trigger' | 'run';
  /** The trigger that contains it. */
  view?: TriggerView;
}

/** Every param that is given anywhere, also as the param of a loop. */
export function* allParams(context: CheckContext): Generator<Param> {
  for (const place of paramKeys(context, '', context.root)) yield { ...place, level: 'definition' };
  for (const view of context.triggers) {
    for (const place of paramKeys(context, view.path, view.trigger)) yield { ...place, level: 'trigger', view };
    for (const run of view.runs) {
      for (const place of paramKeys(context, run.path, run.run)) yield { ...place, level: 'run', view };
      if (!context.isSound(`${run.path}/loop-on`)) continue;
      for (const { param: name, at } of loopsOf(context, run)) {
        if (name !== 'host-tag') yield { place: { path: `${at}/param` }, name, level: 'run', view };
      }
    }
  }
}

function paramKeys(
  context: CheckContext,
  owner: string,
  at: { params?: Loose<Record<string, string>> } | undefined,
): { name: string; place: Place }[] {
  const path = `${owner}/params`;
  if (!context.isSound(path)) return [];
  // Another rule reports names that are not texts in YAML.
  const names = Object.keys(at?.params ?? {}).filter((name) => untextKey(context, path, name) === undefined);
  return names.map((name) => ({ name, place: { path: childPath(path, name), at: 'key' } }));
}

/** The loops of a run, if all are well formed. The server's: `_expand_run_loops` in project.py. */
export function loopsOf(context: CheckContext, { path, run }: LintedRun) {
  if (!context.isSound(`${path}/loop-on`)) return [];
  return (run['loop-on'] ?? []).flatMap((loop, i) => {
    const { param, values } = loop ?? {};
    return param == null || values == null ? [] : [{ param, values, at: `${path}/loop-on/${i}` }];
  });
}

/** A script of the definition that runs execute. */
export interface RunScript {
  path: string;
  text: string;
  /** The runs that execute it. */
  runs: LintedRun[];
}

/** The scripts that runs name, in the order of the definition. */
export function runScripts(context: CheckContext): RunScript[] {
  return context.memo(runScripts, () => {
    const byName = new Map<string, LintedRun[]>();
    for (const view of context.runs) {
      const { script } = view.run;
      if (script == null) continue;
      const same = byName.get(script);
      if (same === undefined) byName.set(script, [view]);
      else same.push(view);
    }
    return Object.entries(context.root?.scripts ?? {}).flatMap(([name, text]) => {
      const runs = byName.get(name);
      return typeof text === 'string' && runs ? [{ path: childPath('/scripts', name), text, runs }] : [];
    });
  });
}

/** Runs without an entrypoint of their own, which would get the script as an argument and may be what reads it. */
export function startedDirectly({ runs }: RunScript): LintedRun[] {
  return runs.filter(({ run }) => !run['container-entrypoint']);
}

/** `alpine` for the official image of that name, whatever its tag. */
export function officialName({ run }: LintedRun): string | undefined {
  const image = parseImageName(run.container ?? '');
  return image?.registry === 'docker.io' ? image.path.replace(/^library\//, '') : undefined;
}

export interface Volume {
  kind: 'persistent' | 'shared';
  name: string;
  /** To the entry. */
  path: string;
  /** Where it is mounted, as written. */
  target: string;
}

export function volumesOf(context: CheckContext, { path, run }: LintedRun): Volume[] {
  return (['persistent', 'shared'] as const).flatMap((kind) => {
    const base = `${path}/${kind}-volumes`;
    const entries = context.isSound(base) ? Object.entries(run[`${kind}-volumes`] ?? {}) : [];
    return entries.flatMap(([name, target]) =>
      typeof target === 'string' ? [{ kind, name, path: childPath(base, name), target }] : [],
    );
  });
}

/** Like Go's `path.Clean`: without `//`, `.`, `..` and a slash at the end. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/**
 * Whether the runs of a trigger get a clone at /repo. A `simple` trigger that a git_poller or github_pr one starts
 * becomes one of that type: trigger.py, `_check_for_trigger_upgrade`.
 */
export function hasRepository(context: CheckContext, view: TriggerView): boolean {
  const { type } = view.trigger;
  if (type == null || GIT_TRIGGER_TYPES.has(type)) return type != null;
  return [...linksOf(context)].some(
    ([from, { runs, references }]) =>
      (from.trigger.type === 'git_poller' || from.trigger.type === 'github_pr') &&
      [...references, ...runs.flatMap((run) => run.references)].some(({ to }) => to === view),
  );
}

/*
 * `test-grepping` is compiled and matched by api/run.py `_failed_tests`, while the server answers the worker's report
 * that the run is over. What goes wrong there is a status 500: the run is not complete, and no later report, nor the
 * server's own for runs that are stuck, gets any further. `console-progress` is only handed out.
 */
export const NEVER_COMPLETE = 'the server fails at it when the run is over, and the run never becomes complete.';

/** Every pattern, with what Python makes of it. An empty `test-pattern` counts as none. */
export function* patterns(context: CheckContext) {
  for (const { path, run } of context.runs) {
    for (const [owner, key, text] of [
      ['test-grepping', 'test-pattern', run['test-grepping']?.['test-pattern'] || undefined],
      ['test-grepping', 'result-pattern', run['test-grepping']?.['result-pattern']],
      ['console-progress', 'progress-pattern', run['console-progress']?.['progress-pattern']],
    ] as const) {
      if (text != null) yield { path: `${path}/${owner}/${key}`, key, text, parsed: parsedPattern(context, text) };
    }
  }
}

/** undefined for a pattern that is nested too deeply to be judged. */
export function parsedPattern(context: CheckContext, text: string): ParsedRegex | RegexFault | undefined {
  return context.memo(`pattern ${text}`, () => {
    try {
      return parseRegex(text);
    } catch (error) {
      if (error instanceof RegexFault) return error;
      if (error instanceof TooDeep) return undefined;
      throw error;
    }
  });
}
