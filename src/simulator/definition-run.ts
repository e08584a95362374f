/** A run of a definition as the rundef that a server would have made of it, with what its trigger passes. */
import type { ExpandedTrigger } from '../schema/expand.js';
import type { Definition, Run, StringMap } from '../schema/model.js';
import { buildRunDefinition } from '../schema/resolve.js';
import type { Checkout, SourceChoice } from './checkout.js';
import type { Difference } from './ledger.js';
import type { SecretUser } from './missing-secrets.js';
import { labelOf, type PlannedRun } from './planned-run.js';
import { completeRunDefinition, NO_KEY } from './run-identity.js';
import type { SelectedRun } from './select-runs.js';
import { NOWHERE, triggerParams } from './trigger-params.js';
import { UsageError } from './usage-error.js';

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
  /** Given by the user; they win. */
  params: StringMap;
  secrets: StringMap;
  /** Of a git trigger's run. */
  checkout: Checkout | undefined;
  choice: SourceChoice;
  /** What a pull or merge request says of its params; they are not made up. */
  requested?: StringMap | undefined;
}

/** @throws UsageError for a run that a server would not make */
export function planDefinitionRun(
  { trigger, run }: DefinitionRun,
  definition: Definition,
  request: DefinitionRunRequest,
): Omit<PlannedRun, 'root' | 'volumes'> {
  const { checkout, choice, project, build, params: given, secrets } = request;
  const written = definition.triggers.find(({ name }) => name === trigger.name);
  const known: StringMap = Object.assign(Object.create(null), definition.params, written?.params, run.params, given);
  const passed = triggerParams(trigger.type, known, commitOf(checkout, choice, known));
  const params: StringMap = Object.assign(Object.create(null), passed.params, request.requested, given);
  const built = buildRunDefinition({
    definition,
    trigger,
    run,
    project,
    build,
    params,
    secrets,
    apiKey: NO_KEY,
    server: NOWHERE,
  });
  if ('error' in built) throw new UsageError(built.error);
  const { rundef, madeUp } = completeRunDefinition(built);
  const real = { ...request.requested, ...given };
  for (const [name, what] of Object.entries(passed.madeUp)) if (!Object.hasOwn(real, name)) madeUp[name] = what;
  const differences: Difference[] = [...(checkout?.differences ?? [])];
  if (isTriggered(definition, trigger.name)) {
    differences.push({
      kind: 'no-trigger-url',
      message: `H_TRIGGER_URL is not set: on a server another run starts ${trigger.name}, and that one's address stands there.`,
    });
  }
  return { trigger: trigger.name, run: run.name, rundef, madeUp, differences, source: checkout?.source };
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
