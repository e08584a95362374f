/** From what was asked for to the runs that are simulated: nothing starts before all of them are known and complete. */
import { dirname, join, resolve } from 'node:path';
import type { ExpandedTrigger } from '../schema/expand.js';
import { type Definition, GIT_TRIGGER_TYPES, type StringMap, type TriggerType } from '../schema/model.js';
import { isAddress } from '../server/run-url.js';
import { type Checkout, chooseSource, defaultProject, repositoryFolder, type SourceChoice } from './checkout.js';
import { type DefinitionRun, planDefinitionRun, secretUserOf } from './definition-run.js';
import { checkForgeRequest, type ForgeRequest, forgeParams, namesRequest } from './forge-params.js';
import type { Difference } from './ledger.js';
import { type AskSecret, askForSecrets, missingSecrets } from './missing-secrets.js';
import { labelOf, type PlannedRun } from './planned-run.js';
import { completeRunDefinition } from './run-identity.js';
import { isRundefFile, type RundefFile, readRundefFile } from './rundef-file.js';
import { askForInputs } from './rundef-inputs.js';
import { secretUserOfRundef } from './rundef-secrets.js';
import { selectRuns } from './select-runs.js';
import { UsageError } from './usage-error.js';
import { folderName, volumesIn } from './workspace-names.js';

export interface LoadedDefinition {
  path: string;
  definition: Definition;
  triggers: ExpandedTrigger[];
}

export interface PlanRequest {
  /** RUN arguments. */
  arguments: readonly string[];
  loadDefinition(): Promise<LoadedDefinition>;
  /** Rundefs that are at hand already. */
  rundefs?: readonly RundefFile[] | undefined;
  /** The rundefs of runs' addresses, in their order; called once, when there are any. */
  fetchRundefs(addresses: string[]): Promise<RundefFile[]>;
  params: StringMap;
  secrets: StringMap;
  project?: string | undefined;
  build: number;
  source?: SourceChoice | undefined;
  /** The pull or merge request that the runs are of. */
  forge?: ForgeRequest | undefined;
  /** FROM → TO of `--image`. */
  images: StringMap;
  workspace?: string | undefined;
  /** The user's cache folder. */
  cache: string;
  /** Lets the user choose from labels; undefined where nobody can be asked. */
  choose: ((labels: string[]) => Promise<string[]>) | undefined;
  ask: AskSecret | undefined;
  /** Makes a source ready; called once for each choice that is needed. */
  checkout(choice: SourceChoice, folder: string): Promise<Checkout>;
  signal: AbortSignal;
}

/** @throws UsageError for what cannot be meant; RejectedDefinition; RunFailure where git is not to be had */
export async function planRuns(request: PlanRequest): Promise<PlannedRun[]> {
  const { addresses, paths, names } = kindsOf(request.arguments);
  const files = [...(request.rundefs ?? []), ...paths.map(readRundefFile)];
  if (addresses.length > 0) files.push(...(await request.fetchRundefs(addresses)));
  const definition = files.length > 0 && names.length === 0 ? undefined : await request.loadDefinition();
  const selected = definition === undefined ? [] : await select(definition, names, request.choose);
  checkForgeRequest(
    request.forge,
    selected.map(({ trigger }) => trigger.type),
  );

  const secrets = await completeSecrets(request, definition, selected, files);
  const checkouts = new Checkouts(request);
  const requests = new Requests(request);
  const planned: PlannedRun[] = [];
  for (const run of selected)
    planned.push(await planOfDefinition(run, definition as LoadedDefinition, secrets, request, checkouts, requests));
  for (const file of files) planned.push(await planOfFile(file, secrets, request, checkouts));
  mapImages(planned, request.images);
  placeRuns(planned, request);
  return planned;
}

function kindsOf(all: readonly string[]): { addresses: string[]; paths: string[]; names: string[] } {
  const addresses = all.filter(isAddress);
  const paths = all.filter((argument) => !isAddress(argument) && isRundefFile(argument));
  const names = all.filter((argument) => !isAddress(argument) && !isRundefFile(argument));
  return { addresses, paths, names };
}

async function select(
  { path, triggers }: LoadedDefinition,
  names: string[],
  choose: PlanRequest['choose'],
): Promise<DefinitionRun[]> {
  const labels = triggers.flatMap((trigger) =>
    trigger.runs.map((run) => labelOf({ trigger: trigger.name, run: run.name })),
  );
  if (labels.length === 0) throw new UsageError(`${path} has no runs, so there is nothing to simulate.`);
  if (names.length > 0) return selectRuns(triggers, names);
  if (choose === undefined)
    throw new UsageError(`Which run? Name one or more, or a glob such as "*". ${path} has ${labels.join(', ')}.`);
  return selectRuns(triggers, await choose(labels));
}

/** All secrets by name, those that were missing asked for. */
async function completeSecrets(
  { secrets, ask }: PlanRequest,
  definition: LoadedDefinition | undefined,
  selected: DefinitionRun[],
  files: RundefFile[],
): Promise<StringMap> {
  const known: StringMap = Object.assign(Object.create(null), secrets);
  for (const { inputs } of files) Object.assign(known, await askForInputs(inputs, known, ask));
  const users = [
    ...selected.map((run) => secretUserOf(run, (definition as LoadedDefinition).definition, known)),
    ...files.map((file) => secretUserOfRundef(file, known)),
  ];
  return Object.assign(known, await askForSecrets(missingSecrets(users), ask));
}

/** A rundef's own secrets, those that were given here in their place. */
function withKnown(own: StringMap | null | undefined, known: StringMap): StringMap {
  return Object.assign(Object.create(null), own, known);
}

type Unplaced = Omit<PlannedRun, 'root' | 'volumes'>;
const UNPLACED = { root: '', volumes: '' };

async function planOfDefinition(
  selected: DefinitionRun,
  { path, definition }: LoadedDefinition,
  secrets: StringMap,
  request: PlanRequest,
  checkouts: Checkouts,
  requests: Requests,
): Promise<PlannedRun> {
  const folder = path === '-' || path === '<stdin>' ? process.cwd() : dirname(resolve(path));
  const project = request.project ?? defaultProject(folder);
  const isGit = GIT_TRIGGER_TYPES.has(selected.trigger.type);
  // A request names a commit, as -p GIT_SHA does.
  const source = request.source ?? (namesRequest(request.forge, selected.trigger.type) ? 'remote' : undefined);
  const choice = isGit ? chooseSource(source, request.params, repositoryFolder(folder)) : 'remote';
  const checkout = isGit ? await checkouts.get(choice, folder) : undefined;
  const requested = await requests.get(selected.trigger.type, secrets, choice === 'local' ? checkout : undefined);
  const { params, build } = request;
  const given = { project, build, params, secrets, checkout, choice, requested };
  const run: Unplaced = planDefinitionRun(selected, definition, given);
  return { ...run, ...UNPLACED };
}

async function planOfFile(
  { rundef: read, differences: known }: RundefFile,
  secrets: StringMap,
  request: PlanRequest,
  checkouts: Checkouts,
): Promise<PlannedRun> {
  const env: StringMap = Object.assign(Object.create(null), read.env, request.params);
  if (request.project !== undefined) env['H_PROJECT'] = request.project;
  const { rundef, madeUp } = completeRunDefinition({
    ...read,
    project: request.project ?? read.project,
    env,
    secrets: withKnown(read.secrets, secrets),
  });
  const differences: Difference[] = [...known];
  let source: PlannedRun['source'];
  if (GIT_TRIGGER_TYPES.has(rundef.trigger_type) && request.source === 'local') {
    const checkout = await checkouts.get(chooseSource('local', request.params, repositoryFolder('.')), process.cwd());
    differences.push(...checkout.differences);
    source = checkout.source;
    if (checkout.sha !== undefined) env['GIT_SHA'] = checkout.sha;
  }
  const names = { trigger: rundef.trigger_type, run: rundef.env['H_RUN'] ?? 'simulated' };
  return { ...names, rundef, madeUp, differences, source, ...UNPLACED };
}

/** Each source is made ready once, whatever the number of runs. */
class Checkouts {
  readonly #request: PlanRequest;
  readonly #ready = new Map<string, Promise<Checkout>>();

  constructor(request: PlanRequest) {
    this.#request = request;
  }

  get(choice: SourceChoice, folder: string): Promise<Checkout> {
    const key = `${choice} ${folder}`;
    const known = this.#ready.get(key) ?? this.#request.checkout(choice, folder);
    this.#ready.set(key, known);
    return known;
  }
}

/** What a pull or merge request says is asked once, whatever the number of runs. */
class Requests {
  readonly #request: PlanRequest;
  readonly #asked = new Map<TriggerType, Promise<StringMap>>();

  constructor(request: PlanRequest) {
    this.#request = request;
  }

  /** @param local of a run that gets the working tree: then nobody is asked */
  async get(type: TriggerType, secrets: StringMap, local: Checkout | undefined): Promise<StringMap | undefined> {
    const { forge, signal } = this.#request;
    if (forge === undefined || !namesRequest(forge, type)) return undefined;
    const tree = local && { sha: local.sha };
    const known = this.#asked.get(type) ?? forgeParams(forge, type, secrets, tree, signal);
    this.#asked.set(type, known);
    return known;
  }
}

/** @throws UsageError for a mapping that no run needs */
function mapImages(planned: PlannedRun[], images: StringMap): void {
  const unused = new Set(Object.keys(images));
  for (const { rundef, differences } of planned) {
    const { container } = rundef;
    const mapped = Object.hasOwn(images, container) ? images[container] : undefined;
    if (mapped === undefined) continue;
    unused.delete(container);
    rundef.container = mapped;
    // Credentials of the one registry are not for the other.
    rundef['container-auth'] = null;
    differences.push({ kind: 'image-mapped', message: `The image was ${mapped} instead of ${container} (--image).` });
  }
  if (unused.size === 0) return;
  const used = [...new Set(planned.map(({ rundef }) => rundef.container))].join(', ');
  throw new UsageError(`--image maps ${[...unused].join(', ')}, and no run here uses that. They use ${used}.`);
}

/** Gives each run its folder. */
function placeRuns(planned: PlannedRun[], { workspace, cache }: PlanRequest): void {
  const taken = new Map<string, string>();
  const given = workspace === undefined ? undefined : resolve(workspace);
  for (const run of planned) {
    const names = [folderName(run.trigger), folderName(run.run)];
    const alone = given !== undefined && planned.length === 1;
    run.root = alone ? given : join(given ?? join(cache, folderName(run.rundef.project)), ...names);
    run.volumes = volumesIn(given === undefined ? cache : dirname(given));
    if (taken.has(run.root)) {
      throw new UsageError(
        `${labelOf(run)} is asked for twice, and both would have the workspace ${run.root}. Simulate one after the other.`,
      );
    }
    taken.set(run.root, labelOf(run));
  }
}
