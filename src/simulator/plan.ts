/** From what was asked for to the runs that are simulated: nothing starts before all of them are known and complete. */
import { dirname, join, resolve } from 'node:path';
import type { ExpandedTrigger } from '../schema/expand.js';
import { type Definition, GIT_TRIGGER_TYPES, type StringMap } from '../schema/model.js';
import { type Checkout, chooseSource, defaultProject, repositoryFolder, type SourceChoice } from './checkout.js';
import { type DefinitionRun, planDefinitionRun, secretUserOf } from './definition-run.js';
import type { Difference } from './ledger.js';
import { type AskSecret, askForSecrets, missingSecrets } from './missing-secrets.js';
import { labelOf, type PlannedRun } from './planned-run.js';
import { completeRunDefinition } from './run-identity.js';
import { isRundefFile, type RundefFile, readRundefFile } from './rundef-file.js';
import { askForInputs } from './rundef-inputs.js';
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
  params: StringMap;
  secrets: StringMap;
  project?: string | undefined;
  build: number;
  source?: SourceChoice | undefined;
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
}

/** @throws UsageError for what cannot be meant; RejectedDefinition; RunFailure where git is not to be had */
export async function planRuns(request: PlanRequest): Promise<PlannedRun[]> {
  const files = request.arguments.filter(isRundefFile).map(readRundefFile);
  const names = request.arguments.filter((argument) => !isRundefFile(argument));
  const definition = files.length > 0 && names.length === 0 ? undefined : await request.loadDefinition();
  const selected = definition === undefined ? [] : await select(definition, names, request.choose);

  const secrets = await completeSecrets(request, definition, selected, files);
  const checkouts = new Checkouts(request);
  const planned: PlannedRun[] = [];
  for (const run of selected)
    planned.push(await planOfDefinition(run, definition as LoadedDefinition, secrets, request, checkouts));
  for (const file of files) planned.push(await planOfFile(file, secrets, request, checkouts));
  mapImages(planned, request.images);
  placeRuns(planned, request);
  return planned;
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
    ...files.map(({ path, rundef }) => ({
      label: path,
      containerAuth: rundef['container-auth'],
      scriptRepo: rundef['script-repo'],
      secrets: withKnown(rundef.secrets, known),
    })),
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
): Promise<PlannedRun> {
  const folder = path === '-' || path === '<stdin>' ? process.cwd() : dirname(resolve(path));
  const project = request.project ?? defaultProject(folder);
  const isGit = GIT_TRIGGER_TYPES.has(selected.trigger.type);
  const choice = isGit ? chooseSource(request.source, request.params, repositoryFolder(folder)) : 'remote';
  const checkout = isGit ? await checkouts.get(choice, folder) : undefined;
  const { params, build } = request;
  const run: Unplaced = planDefinitionRun(selected, definition, { project, build, params, secrets, checkout, choice });
  return { ...run, ...UNPLACED };
}

async function planOfFile(
  { rundef: read }: RundefFile,
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
  const differences: Difference[] = [];
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
