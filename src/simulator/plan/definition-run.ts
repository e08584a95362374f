/** Runs of a definition, planned as the rundefs that a server would have made of them, with what their trigger passes. */
import { dirname, resolve } from 'node:path';
import { gitSource, isHttp, repositoryFolder, withoutCredentials } from '../../git/index.js';
import { UsageError } from '../../lib/index.js';
import type { FailuresOfRun } from '../../lint/index.js';
import {
  asStored,
  buildRunDefinition,
  type Definition,
  type ExpandedTrigger,
  GIT_TRIGGER_TYPES,
  type Run,
  type StartedRun,
  type StringMap,
  type TriggerType,
} from '../../schema/index.js';

import { type Checkout, chooseSource, defaultProject, type SourceChoice } from '../inputs/checkout.js';
import { type ForgeRequest, forgeParams, namesRequest } from '../inputs/forge-params.js';
import type { Difference } from '../inputs/ledger.js';
import { completeRunDefinition, NO_KEY } from '../inputs/run-identity.js';
import type { SecretUser } from '../inputs/secrets.js';
import { NOWHERE, triggerParams } from '../inputs/trigger-params.js';
import type { ServedBuild } from '../run-server/served-run.js';
import {
  hostScripts,
  inBuild,
  labelOf,
  type Places,
  type PlannedRun,
  placeOf,
  type Replacements,
  withImage,
} from './planned-run.js';
import type { SelectedRun } from './select-runs.js';

export interface LoadedDefinition {
  path: string;
  definition: Definition;
  triggers: ExpandedTrigger[];
  /** What a server fails each run for, whatever the run does. */
  failures?: FailuresOfRun;
}

export type DefinitionRun = SelectedRun<ExpandedTrigger, Run>;

export interface DefinitionRequest extends Pick<Replacements, 'images' | 'origins'> {
  params: StringMap;
  project?: string | undefined;
  /** 1 unless given. */
  build?: number | undefined;
  source?: SourceChoice | undefined;
  /** The pull or merge request that the runs are of. */
  forge?: ForgeRequest | undefined;
  signal: AbortSignal;
}

/** What all runs of a plan have in common. */
export interface PlanContext {
  places: Places;
  /** Whether there will be no second run. */
  alone: boolean;
  /** All that were given, on the command line or at a prompt. */
  secrets: StringMap;
  /** What differs from the worker's run for each of them. */
  differences: readonly Difference[];
  /** Prepares a source; each only once, however many runs there are. */
  checkout(choice: SourceChoice, folder: string): Promise<Checkout>;
}

/** What a build is started with, and the values in it that are made up. */
export interface BuildStart {
  params: StringMap;
  madeUp: StringMap;
}

/** A run that the simulation begins with. */
export interface FirstRun {
  selected: DefinitionRun;
  planned: PlannedRun;
  start: BuildStart;
  /** Plans the runs that this one, or its build, starts. */
  planner: DefinitionPlanner;
}

export function secretUserOf({ trigger, run }: DefinitionRun, definition: Definition, secrets: StringMap): SecretUser {
  const repository = run['script-repo']?.name;
  return {
    label: labelOf({ trigger: trigger.name, run: run.name }),
    containerAuth: run['container-auth'],
    scriptRepo: repository === undefined ? undefined : definition['script-repos']?.[repository],
    script: run.script === undefined ? undefined : definition.scripts?.[run.script],
    secrets,
  };
}

/** The folder that a definition lies in. */
export function folderOf({ path }: LoadedDefinition): string {
  return path === '-' || path === '<stdin>' ? process.cwd() : dirname(resolve(path));
}

export class DefinitionPlanner {
  readonly #definition: Definition;
  readonly #failures: FailuresOfRun | undefined;
  readonly #folder: string;
  readonly #request: DefinitionRequest;
  readonly #context: PlanContext;
  /** What the forge says of a request, asked once for each type of trigger. */
  readonly #requests = new Map<TriggerType, Promise<StringMap>>();

  constructor(loaded: LoadedDefinition, request: DefinitionRequest, context: PlanContext) {
    this.#definition = loaded.definition;
    this.#failures = loaded.failures;
    this.#folder = folderOf(loaded);
    this.#request = request;
    this.#context = context;
  }

  /**
   * A run that a build begins with.
   *
   * @param upstream path of what triggered it, with `--upstream`
   * @throws UsageError for a run that a server would not make
   */
  async first(selected: DefinitionRun, build: ServedBuild, upstream: string | undefined): Promise<FirstRun> {
    const { trigger, run } = selected;
    const definition = this.#definition;
    const { params: given } = this.#request;
    const { checkout, choice } = await this.#sourceOf(trigger.type);
    const requested = await this.#requestOf(trigger.type, choice === 'local' ? checkout : undefined);
    const written = definition.triggers.find(({ name }) => name === trigger.name);
    const fixed: StringMap = Object.assign(Object.create(null), definition.params, written?.params, run.params, given);
    const passed = triggerParams(trigger.type, fixed, commitOf(checkout, choice, fixed));
    const params: StringMap = Object.assign(Object.create(null), passed.params, requested, given);
    const start: BuildStart = { params, madeUp: Object.create(null) };
    const real = { ...requested, ...given };
    for (const [name, what] of Object.entries(passed.madeUp)) {
      if (!Object.hasOwn(real, name)) start.madeUp[name] = what;
    }
    const triggered: StringMap = upstream === undefined ? {} : { H_TRIGGER_URL: NOWHERE + upstream };
    const started = { trigger, run, name: run.name, params: Object.assign(Object.create(null), triggered, params) };
    const planned = this.#plan(definition, started, checkout, start.madeUp, trigger.name, build);
    planned.upstream = upstream;
    const { GIT_URL: url = '' } = planned.rundef.env;
    // An address of the repository's own remote is not what a server would pass.
    if (GIT_TRIGGER_TYPES.has(trigger.type) && fixed['GIT_URL'] !== undefined && !isHttp(url)) {
      planned.differences.push({
        kind: 'reference-worker',
        message: `The reference's worker would fail this run: it asks for GIT_URL over HTTP before it clones, and ${withoutCredentials(url)} is no HTTP address.`,
      });
    }
    if (planned.rundef.env['H_TRIGGER_URL'] === undefined && isTriggered(definition, trigger.name)) {
      planned.differences.push({
        kind: 'no-trigger-url',
        message: `H_TRIGGER_URL is not set: on a server another run starts ${trigger.name}, and the variable holds that run's address. Name an earlier run with --upstream.`,
      });
    }
    return { selected, planned, start, planner: this };
  }

  /**
   * A run that another one, or a whole build, has started.
   *
   * @param madeUp of the params that it was given
   * @param folder names the folder of its workspace, in the place of its trigger's
   * @throws UsageError for a run that a server would not make
   */
  async started(run: StartedRun, madeUp: StringMap, folder: string, build: ServedBuild): Promise<PlannedRun> {
    const { checkout } = await this.#sourceOf(run.trigger.type);
    return this.#plan(asStored(this.#definition), run, checkout, madeUp, folder, build);
  }

  #plan(
    definition: Definition,
    { trigger, run, name, params }: Pick<StartedRun, 'trigger' | 'run' | 'name' | 'params'>,
    checkout: Checkout | undefined,
    inherited: StringMap,
    folder: string,
    build: ServedBuild,
  ): PlannedRun {
    const { build: number = 1, project = defaultProject(this.#folder) } = this.#request;
    const { secrets, places, alone, differences } = this.#context;
    const identity = { project, build: number, params, secrets, apiKey: NO_KEY, server: NOWHERE };
    const built = buildRunDefinition({ definition, trigger, run, name, ...identity });
    if ('error' in built) throw new UsageError(built.error);
    const { rundef, madeUp } = completeRunDefinition(built);
    const failures = this.#failures?.(trigger.name, run.name) ?? [];
    const sure = failures.find((failure) => failure.sure);
    const planned = {
      trigger: trigger.name,
      run: name,
      rundef,
      madeUp: Object.assign(Object.create(null), inherited, madeUp),
      differences: [
        ...(checkout?.differences ?? []),
        ...differences,
        ...hostScripts(rundef),
        ...failures.map(({ message }) => ({ kind: 'server-fails' as const, message })),
      ],
      ...(sure === undefined ? {} : { serverFailure: sure.message }),
      scriptDifferences: checkout?.scriptDifferences,
      source: checkout?.source ?? gitSource({ repositories: { within: this.#folder } }),
      ...placeOf({ project, run: name }, folder, places, alone),
    };
    return inBuild(withImage(planned, this.#request), build);
  }

  async #sourceOf(type: TriggerType): Promise<{ checkout: Checkout | undefined; choice: SourceChoice }> {
    if (!GIT_TRIGGER_TYPES.has(type)) return { checkout: undefined, choice: 'remote' };
    const { source, forge, params } = this.#request;
    // A request names a commit, as -p GIT_SHA does.
    const asked = source ?? (namesRequest(forge, type) ? 'remote' : undefined);
    const choice = chooseSource(asked, params, repositoryFolder(this.#folder));
    return { checkout: await this.#context.checkout(choice, this.#folder), choice };
  }

  /** @param local of a run that gets the working tree: then nobody is asked */
  async #requestOf(type: TriggerType, local: Checkout | undefined): Promise<StringMap | undefined> {
    const { forge, signal } = this.#request;
    if (forge === undefined || !namesRequest(forge, type)) return undefined;
    const tree = local && { sha: local.sha };
    const asked = this.#requests.get(type) ?? forgeParams(forge, type, this.#context.secrets, tree, signal);
    this.#requests.set(type, asked);
    return asked;
  }
}

/** Of a remote the commit at hand says something only when it is the repository at hand. */
function commitOf(
  checkout: Checkout | undefined,
  choice: SourceChoice,
  params: StringMap,
): Parameters<typeof triggerParams>[2] {
  if (checkout === undefined) return {};
  const { repository, sha, oldSha } = checkout;
  const url = params['GIT_URL'];
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
