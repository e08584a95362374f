/** A run of a definition as the rundef that a server would have made of it, with what its trigger passes. */

import { UsageError } from '../../lib/errors.js';
import type { StartedRun } from '../../schema/build.js';
import type { ExpandedTrigger } from '../../schema/expand.js';
import type { Definition, Run, StringMap } from '../../schema/model.js';
import { buildRunDefinition } from '../../schema/resolve.js';
import type { Checkout, SourceChoice } from '../inputs/checkout.js';
import type { SecretUser } from '../inputs/missing-secrets.js';
import { completeRunDefinition, NO_KEY } from '../inputs/run-identity.js';
import { NOWHERE, triggerParams } from '../inputs/trigger-params.js';
import { labelOf, type PlannedRun } from './planned-run.js';
import type { SelectedRun } from './select-runs.js';

export type DefinitionRun = SelectedRun<ExpandedTrigger, Run>;

export function secretUserOf({ trigger, run }: DefinitionRun, definition: Definition, secrets: StringMap): SecretUser {
  const repository = run['script-repo']?.name;
  return {
    label: labelOf({ trigger: trigger.name, run: run.name }),
    containerAuth: run['container-auth'],
    scriptRepo: repository === undefined ? undefined : definition['script-repos']?.[repository],
    secrets,
  };
}

export interface DefinitionRunRequest {
  project: string;
  build: number;
  secrets: StringMap;
  /** Of a git trigger's run. */
  checkout: Checkout | undefined;
}

export interface FirstRunRequest extends DefinitionRunRequest {
  /** Given by the user; they win. */
  params: StringMap;
  choice: SourceChoice;
  /** What a pull or merge request says of its params; they are not made up. */
  requested?: StringMap | undefined;
}

/** What a build is started with, and the values in it that are made up. */
export interface BuildStart {
  params: StringMap;
  madeUp: StringMap;
}

type Unplaced = Omit<PlannedRun, 'root' | 'volumes'>;

/**
 * A run that a build begins with.
 *
 * @throws UsageError for a run that a server would not make
 */
export function planDefinitionRun(
  { trigger, run }: DefinitionRun,
  definition: Definition,
  request: FirstRunRequest,
): { planned: Unplaced; start: BuildStart } {
  const { checkout, choice, params: given } = request;
  const written = definition.triggers.find(({ name }) => name === trigger.name);
  const known: StringMap = Object.assign(Object.create(null), definition.params, written?.params, run.params, given);
  const passed = triggerParams(trigger.type, known, commitOf(checkout, choice, known));
  const params: StringMap = Object.assign(Object.create(null), passed.params, request.requested, given);
  const start: BuildStart = { params, madeUp: Object.create(null) };
  const real = { ...request.requested, ...given };
  for (const [name, what] of Object.entries(passed.madeUp)) if (!Object.hasOwn(real, name)) start.madeUp[name] = what;
  const planned = planRun({ trigger, run, name: run.name, params }, definition, request, start.madeUp);
  if (planned.rundef.env['H_TRIGGER_URL'] === undefined && isTriggered(definition, trigger.name)) {
    planned.differences.push({
      kind: 'no-trigger-url',
      message: `H_TRIGGER_URL is not set: on a server another run starts ${trigger.name}, and that one's address stands there.`,
    });
  }
  return { planned, start };
}

/**
 * A run that another one, or a whole build, has started.
 *
 * @param madeUp of the params that it was given
 * @throws UsageError for a run that a server would not make
 */
export function planStartedRun(
  started: Pick<StartedRun, 'trigger' | 'run' | 'name' | 'params'>,
  definition: Definition,
  request: DefinitionRunRequest,
  madeUp: StringMap,
): Unplaced {
  const planned = planRun(started, definition, request, madeUp);
  if (planned.rundef.env['H_TRIGGER_URL']?.startsWith(NOWHERE)) {
    planned.madeUp['H_TRIGGER_URL'] = 'an address where no server answers';
  }
  return planned;
}

function planRun(
  { trigger, run, name, params }: Pick<StartedRun, 'trigger' | 'run' | 'name' | 'params'>,
  definition: Definition,
  { project, build, secrets, checkout }: DefinitionRunRequest,
  inherited: StringMap,
): Unplaced {
  const built = buildRunDefinition({
    definition,
    trigger,
    run,
    name,
    project,
    build,
    params,
    secrets,
    apiKey: NO_KEY,
    server: NOWHERE,
  });
  if ('error' in built) throw new UsageError(built.error);
  const { rundef, madeUp } = completeRunDefinition(built);
  return {
    trigger: trigger.name,
    run: name,
    rundef,
    madeUp: Object.assign(Object.create(null), inherited, madeUp),
    differences: [...(checkout?.differences ?? [])],
    scriptDifferences: checkout?.scriptDifferences,
    source: checkout?.source,
  };
}

/** Of a remote the commit at hand says something only when it is the repository at hand. */
function commitOf(
  checkout: Checkout | undefined,
  choice: SourceChoice,
  known: StringMap,
): Parameters<typeof triggerParams>[2] {
  if (checkout === undefined) return {};
  const { repository, sha, oldSha } = checkout;
  const url = known['GIT_URL'];
  const same = choice === 'local' || url === undefined || url === repository?.remoteUrl;
  return same ? { repository, sha, oldSha } : { repository };
}

function isTriggered(definition: Definition, name: string): boolean {
  return definition.triggers.some(
    (trigger) =>
      trigger.triggers?.some((reference) => reference.name === name) ||
      trigger.runs.some((run) => run.triggers?.some((reference) => reference.name === name)),
  );
}
