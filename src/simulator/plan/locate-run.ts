/** The run of a rundef in the definition at hand: where it stands, and what its build was given. Pure. */
import {
  type Definition,
  type ExpandedTrigger,
  PARAMS_OF_TRIGGER,
  type RunDefinition,
  type StringMap,
} from '../../schema/index.js';
import type { DefinitionRun } from './definition-run.js';

/** Names that only a server, or a worker, adds to `env`. */
export const ADDED_PARAMS: ReadonlySet<string> = new Set([
  'H_PROJECT',
  'H_BUILD',
  'H_RUN',
  'H_RUN_URL',
  'H_TRIGGER_URL',
  'H_WORKER',
]);

/**
 * A rundef does not name its trigger: of several runs with its name, the first whose trigger has its type.
 *
 * @returns undefined when the definition has no run of that name
 */
export function locateRun(
  { env, trigger_type: type }: Pick<RunDefinition, 'env' | 'trigger_type'>,
  triggers: readonly ExpandedTrigger[],
): DefinitionRun | undefined {
  const named = triggers
    .flatMap((trigger) => trigger.runs.map((run) => ({ trigger, run })))
    .filter(({ run }) => run.name === env['H_RUN']);
  return named.find(({ trigger }) => trigger.type === type) ?? named[0];
}

/**
 * A rundef does not say which params its build was given: those that no part of the definition sets count as given,
 * and so do those that a trigger of its type sets.
 */
export function paramsOfBuild(
  env: StringMap,
  definition: Pick<Definition, 'params'>,
  { trigger, run }: DefinitionRun,
): StringMap {
  const written: StringMap = Object.assign(Object.create(null), definition.params, trigger.params, run.params);
  const set = new Set(PARAMS_OF_TRIGGER[trigger.type] ?? []);
  const given: StringMap = Object.create(null);
  for (const [name, value] of Object.entries(env)) {
    if (!ADDED_PARAMS.has(name) && (set.has(name) || !Object.hasOwn(written, name))) given[name] = value;
  }
  return given;
}
