/** The runs of one definition, planned: those that were chosen, and those that they start. */
import { dirname, resolve } from 'node:path';
import { repositoryFolder } from '../../git/repository.js';
import type { FailuresOfRun } from '../../lint/server-failures.js';
import type { StartedRun } from '../../schema/build.js';
import { asStored } from '../../schema/build.js';
import type { ExpandedTrigger } from '../../schema/expand.js';
import { type Definition, GIT_TRIGGER_TYPES, type StringMap, type TriggerType } from '../../schema/model.js';
import type { FirstRun } from '../follow/follow.js';
import { type Checkout, chooseSource, defaultProject, type SourceChoice } from '../inputs/checkout.js';
import { namesRequest } from '../inputs/forge-params.js';
import { type DefinitionRun, planDefinitionRun, planStartedRun } from './definition-run.js';
import { type Checkouts, Requests, type SourcesRequest } from './plan-sources.js';
import type { PlannedRun } from './planned-run.js';

export interface LoadedDefinition {
  path: string;
  definition: Definition;
  triggers: ExpandedTrigger[];
  failures?: FailuresOfRun;
}

export interface DefinitionPlanRequest extends SourcesRequest {
  params: StringMap;
  project?: string | undefined;
  build: number;
  source?: SourceChoice | undefined;
}

const UNPLACED = { root: '', volumes: '' };

export class DefinitionPlanner {
  readonly #definition: Definition;
  readonly #failures: FailuresOfRun | undefined;
  /** Where the definition lies. */
  readonly #folder: string;
  readonly #request: DefinitionPlanRequest;
  readonly #secrets: StringMap;
  readonly #checkouts: Checkouts;
  readonly #requests: Requests;

  /** @param secrets all that are known */
  constructor(
    { path, definition, failures }: LoadedDefinition,
    request: DefinitionPlanRequest,
    secrets: StringMap,
    checkouts: Checkouts,
  ) {
    this.#definition = definition;
    this.#failures = failures;
    this.#folder = path === '-' || path === '<stdin>' ? process.cwd() : dirname(resolve(path));
    this.#request = request;
    this.#secrets = secrets;
    this.#checkouts = checkouts;
    this.#requests = new Requests(request);
  }

  /** @throws UsageError for a run that a server would not make */
  async first(selected: DefinitionRun): Promise<FirstRun> {
    const { type } = selected.trigger;
    const { checkout, choice } = await this.#sourceOf(type);
    const requested = await this.#requests.get(type, this.#secrets, choice === 'local' ? checkout : undefined);
    const { params } = this.#request;
    const { planned, start } = planDefinitionRun(selected, this.#definition, {
      ...this.#build(),
      params,
      checkout,
      choice,
      requested,
    });
    return { selected, planned: { ...this.#judged(planned, selected.run.name), ...UNPLACED }, start };
  }

  /** @throws UsageError for a run that a server would not make */
  async started(run: StartedRun, madeUp: StringMap): Promise<PlannedRun> {
    const { checkout } = await this.#sourceOf(run.trigger.type);
    const planned = planStartedRun(run, asStored(this.#definition), { ...this.#build(), checkout }, madeUp);
    return { ...this.#judged(planned, run.run.name), ...UNPLACED };
  }

  /** With what a server would fail it for. */
  #judged<T extends Pick<PlannedRun, 'trigger' | 'differences'>>(
    planned: T,
    written: string,
  ): T & Pick<PlannedRun, 'serverFailure'> {
    const failures = this.#failures?.(planned.trigger, written) ?? [];
    for (const { message } of failures) planned.differences.push({ kind: 'server-fails', message });
    const sure = failures.find(({ sure }) => sure);
    return sure === undefined ? planned : { ...planned, serverFailure: sure.message };
  }

  #build() {
    const { project = defaultProject(this.#folder), build } = this.#request;
    return { project, build, secrets: this.#secrets };
  }

  async #sourceOf(type: TriggerType): Promise<{ checkout: Checkout | undefined; choice: SourceChoice }> {
    if (!GIT_TRIGGER_TYPES.has(type)) return { checkout: undefined, choice: 'remote' };
    const { source, forge, params } = this.#request;
    // A request names a commit, as -p GIT_SHA does.
    const asked = source ?? (namesRequest(forge, type) ? 'remote' : undefined);
    const choice = chooseSource(asked, params, repositoryFolder(this.#folder));
    return { checkout: await this.#checkouts.get(choice, this.#folder), choice };
  }
}
