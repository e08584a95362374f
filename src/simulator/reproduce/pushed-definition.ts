/** What the definition at hand would now make of the run: "pushing this would change …". Pure. */
import type { Masker } from '../../executor/index.js';
import {
  buildRunDefinition,
  type Definition,
  type ExpandedTrigger,
  type RunDefinition,
  type StringMap,
} from '../../schema/index.js';
import type { RundefFile } from '../inputs/rundef-file.js';
import type { LoadedDefinition } from '../plan/definition-run.js';
import { ADDED_PARAMS, locateRun, paramsOfBuild } from '../plan/locate-run.js';
import type { RunDifference } from './compare.js';

/** Names what only a server, or a worker, has or adds; and what a reader does not get to see. */
const NOT_COMPARED = new Set(['api_key', 'run_url', 'frontend_url', 'runner_url', 'project', 'secrets', 'simulator']);

/** What pushing the definition would change, secrets masked. */
export function definitionDifferences(
  { rundef }: RundefFile,
  loaded: LoadedDefinition | undefined,
  masker: Masker,
): RunDifference[] {
  if (loaded === undefined) return [];
  const whole = { ...rundef, env: rundef.env ?? {}, secrets: rundef.secrets ?? {} };
  const changes = changesOf(whole, loaded.definition, loaded.triggers);
  if (changes === undefined) return [];
  if (typeof changes === 'string') {
    return [
      { kind: 'definition', message: `With ${loaded.path} as it is now, a server would make no such run: ${changes}` },
    ];
  }
  return changes.map(({ field, server, local }) =>
    masker.values({
      kind: 'definition' as const,
      message: `Pushing ${loaded.path} as it is now would change ${field}.`,
      server,
      local,
    }),
  );
}

export interface Change {
  /** `container`, `env.BOARD`. */
  field: string;
  server: string | null;
  local: string | null;
}

/**
 * Fields in which the rundef that the definition would now build is another one. Undefined when the
 * definition has no such run; an error sentence when a server would build none.
 */
function changesOf(
  rundef: Pick<RunDefinition, 'trigger_type' | 'env' | 'secrets' | 'project'>,
  definition: Definition,
  triggers: readonly ExpandedTrigger[],
): Change[] | string | undefined {
  const place = locateRun(rundef, triggers);
  if (place === undefined) return undefined;
  const params = paramsOfBuild(rundef.env, definition, place);
  const { project, secrets } = rundef;
  const build = Number(rundef.env['H_BUILD'] ?? 1);
  const built = buildRunDefinition({ definition, ...place, project, build, params, secrets });
  if ('error' in built) return built.error;
  // A run that another one started has that one's type (a `simple` trigger of a git build).
  return compare(rundef as unknown as Record<string, unknown>, { ...built, trigger_type: rundef.trigger_type });
}

function compare(server: Record<string, unknown>, local: Record<string, unknown>): Change[] {
  const flat = (rundef: Record<string, unknown>): Map<string, string> => {
    const fields = new Map<string, string>();
    for (const [key, value] of Object.entries(rundef)) {
      if (NOT_COMPARED.has(key) || value === null || value === undefined) continue;
      if (key !== 'env') fields.set(key, shown(value));
      else
        for (const [name, text] of Object.entries(value as StringMap)) {
          if (!ADDED_PARAMS.has(name)) fields.set(`env.${name}`, text);
        }
    }
    return fields;
  };
  const theirs = flat(server);
  const ours = flat(local);
  return [...new Set([...theirs.keys(), ...ours.keys()])]
    .filter((field) => theirs.get(field) !== ours.get(field))
    .map((field) => ({ field, server: theirs.get(field) ?? null, local: ours.get(field) ?? null }));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, sortKeys);
}

function sortKeys(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
