import { GIT_TRIGGER_TYPES } from '../schema/model.js';
import { asObject, asText, childPath } from '../schema/values.js';
import type { CheckContext, TriggerView } from './context.js';
import { linksOf } from './links.js';

export interface Volume {
  kind: 'persistent' | 'shared';
  name: string;
  /** To the entry. */
  path: string;
  /** Where it is mounted, as written. */
  target: string;
}

export function volumesOf(context: CheckContext, path: string, run: Record<string, unknown>): Volume[] {
  const volumes: Volume[] = [];
  for (const kind of ['persistent', 'shared'] as const) {
    const key = `${kind}-volumes`;
    const base = `${path}/${key}`;
    if (!context.isSound(base)) continue;
    for (const [name, value] of Object.entries(asObject(run[key] as never) ?? {})) {
      const target = asText(value);
      if (target !== undefined) volumes.push({ kind, name, path: childPath(base, name), target });
    }
  }
  return volumes;
}

/** As Go's `path.Clean` has it: no `//`, `.` and `..`; without an ending slash. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** What the worker mounts into each container: runner/jobserv_runner/handlers/simple.py, `prepare_mounts`. */
export const WORKER_MOUNTS: Readonly<Record<string, string>> = {
  '/secrets': 'the secrets',
  '/archive': 'the folder for artifacts',
  '/script-repo': 'the script',
  '/root/.netrc': 'credentials for git and curl',
  '/root/.curlrc': 'settings for curl',
};

/**
 * Whether runs of a trigger find a clone at /repo. A `simple` trigger that a git_poller or github_pr one starts is
 * taken for one of that type: trigger.py, `_check_for_trigger_upgrade`.
 */
export function hasRepository(context: CheckContext, view: TriggerView): boolean {
  const type = asText(view.trigger['type']);
  if (type === undefined) return false;
  if (GIT_TRIGGER_TYPES.has(type)) return true;
  for (const [from, { runs, references }] of linksOf(context)) {
    if (from.trigger['type'] !== 'git_poller' && from.trigger['type'] !== 'github_pr') continue;
    const all = [...references, ...runs.flatMap((run) => run.references)];
    if (all.some(({ to }) => to === view)) return true;
  }
  return false;
}
