/** From what was asked for to the runs that are simulated: nothing starts before all of them are known and complete. */

import { repositoryFolder } from '../../git/repository.js';
import { UsageError } from '../../lib/errors.js';
import { asStored, reachableRuns } from '../../schema/build.js';
import { GIT_TRIGGER_TYPES, type StringMap } from '../../schema/model.js';
import { isAddress, parseRunUrl } from '../../server/run-url.js';
import { type FirstRun, Follower } from '../follow/follow.js';
import { chooseSource } from '../inputs/checkout.js';
import { checkForgeRequest } from '../inputs/forge-params.js';
import type { Difference } from '../inputs/ledger.js';
import { type AskSecret, askForSecrets, missingSecrets } from '../inputs/missing-secrets.js';
import { completeRunDefinition } from '../inputs/run-identity.js';
import { isRundefFile, type RundefFile, readRundefFile } from '../inputs/rundef-file.js';
import { askForInputs } from '../inputs/rundef-inputs.js';
import { secretsOfRundef, secretUserOfRundef } from '../inputs/rundef-secrets.js';
import { checkSharedVolumes } from '../inputs/shared-volumes.js';
import { type DefinitionRun, secretUserOf } from './definition-run.js';
import { checkImages, mapImage, type Places, placeRun, placeRuns } from './place-runs.js';
import { DefinitionPlanner, type DefinitionPlanRequest, type LoadedDefinition } from './plan-definition.js';
import { Checkouts } from './plan-sources.js';
import { labelOf, type PlannedRun } from './planned-run.js';
import { listOf, selectRuns } from './select-runs.js';

export interface PlanRequest extends DefinitionPlanRequest, Places {
  /** RUN arguments. */
  arguments: readonly string[];
  loadDefinition(): Promise<LoadedDefinition>;
  /** Rundefs that are at hand already. */
  rundefs?: readonly RundefFile[] | undefined;
  /** The rundefs of runs' addresses, in their order; called once, when there are any. */
  fetchRundefs(addresses: string[]): Promise<RundefFile[]>;
  secrets: StringMap;
  /** Which of them flags gave: the run of a rundef gets those though it does not name them. */
  flaggedSecrets?: ReadonlySet<string> | undefined;
  /** Go on with what the runs start. */
  follow?: boolean | undefined;
  /** NAME → PATH of `--shared-volume`. */
  sharedVolumes?: StringMap | undefined;
  /** FROM → TO of `--image`. */
  images: StringMap;
  /** Lets the user choose from labels; undefined where nobody can be asked. */
  choose: ((labels: string[]) => Promise<string[]>) | undefined;
  ask: AskSecret | undefined;
}

export interface RunPlan {
  planned: PlannedRun[];
  /** With `follow`: plans what comes after them. */
  follower: Follower | undefined;
}

/** @throws UsageError for what cannot be meant; RejectedDefinition; RunFailure where git is not to be had */
export async function planRuns(request: PlanRequest): Promise<RunPlan> {
  const { addresses, paths, names } = kindsOf(request.arguments);
  for (const name of names) refuseBareAddress(name);
  if (request.follow && names.length === 0 && addresses.length + paths.length > 0) throw nothingToFollow();
  const files = [...(request.rundefs ?? []), ...paths.map(readRundefFile)];
  if (addresses.length > 0) files.push(...(await request.fetchRundefs(addresses)));
  const definition = files.length > 0 && names.length === 0 ? undefined : await request.loadDefinition();
  const selected = definition === undefined ? [] : await select(definition, names, request.choose);
  checkForgeRequest(
    request.forge,
    selected.map(({ trigger }) => trigger.type),
  );

  const later = request.follow && definition ? reachableRuns(definition.triggers, selected) : [];
  const secrets = await completeSecrets(request, definition, [...selected, ...later], files);
  const checkouts = new Checkouts(request);
  const first: FirstRun[] = [];
  let follower: Follower | undefined;
  if (definition !== undefined) {
    const planner = new DefinitionPlanner(definition, request, secrets, checkouts);
    for (const run of selected) first.push(await planner.first(run));
    if (request.follow) follower = followerOf(planner, definition, first, request);
  }
  const planned = first.map((run) => run.planned);
  for (const file of files) planned.push(await planOfFile(file, secrets, request, checkouts));
  checkImages(request.images, [
    ...planned.map(({ rundef }) => rundef.container),
    ...later.map(({ run }) => run.container),
  ]);
  checkSharedVolumes(request.sharedVolumes ?? {}, [
    ...planned.map(({ rundef }) => rundef['shared-volumes']),
    ...later.map(({ run }) => run['shared-volumes']),
  ]);
  for (const run of planned) mapImage(run, request.images);
  placeRuns(planned, request, planned.length === 1 && later.length === 0);
  return { planned, follower };
}

/** What was copied without its scheme would be looked for among the runs. */
function refuseBareAddress(name: string): void {
  if (parseRunUrl(`https://${name}`) === undefined) return;
  throw new UsageError(
    `${JSON.stringify(name)} is the address of a run without its beginning. Write https:// or http:// before it.`,
  );
}

function nothingToFollow(): UsageError {
  return new UsageError(
    '--follow goes on with what a run starts, and a run definition does not say that: only the project definition does. Name a run of a definition, or leave --follow out.',
  );
}

function followerOf(
  planner: DefinitionPlanner,
  { triggers }: LoadedDefinition,
  first: readonly FirstRun[],
  request: PlanRequest,
): Follower {
  return new Follower(asStored(triggers), first, async (started, madeUp, folder) => {
    const run = await planner.started(started, madeUp);
    mapImage(run, request.images);
    placeRun(run, folder, request);
    return run;
  });
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
    throw new UsageError(
      `Name the runs to simulate, or a glob such as "*": there is no terminal to choose them on. ${path} has ${labels.length === 1 ? 'one run' : `${labels.length} runs`}: ${listOf(labels)}. \`jobserv list\` shows them all.`,
    );
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

async function planOfFile(
  file: RundefFile,
  known: StringMap,
  request: PlanRequest,
  checkouts: Checkouts,
): Promise<PlannedRun> {
  const { rundef: read } = file;
  const { secrets, added } = secretsOfRundef(file, known, request.flaggedSecrets);
  const env: StringMap = Object.assign(Object.create(null), read.env, request.params);
  if (request.project !== undefined) env['H_PROJECT'] = request.project;
  const { rundef, madeUp } = completeRunDefinition({
    ...read,
    project: request.project ?? read.project,
    env,
    secrets,
  });
  const differences: Difference[] = [...file.differences, ...added.map(addedSecret)];
  let source: PlannedRun['source'];
  let scriptDifferences: PlannedRun['scriptDifferences'];
  if (GIT_TRIGGER_TYPES.has(rundef.trigger_type) && request.source === 'local') {
    const checkout = await checkouts.get(chooseSource('local', request.params, repositoryFolder('.')), process.cwd());
    differences.push(...checkout.differences);
    source = checkout.source;
    scriptDifferences = checkout.scriptDifferences;
    if (checkout.sha !== undefined) env['GIT_SHA'] = checkout.sha;
  }
  const names = { trigger: rundef.trigger_type, run: rundef.env['H_RUN'] ?? 'simulated' };
  return { ...names, rundef, madeUp, differences, scriptDifferences, source, root: '', volumes: '' };
}

function addedSecret(name: string): Difference {
  return {
    kind: 'secret-added',
    message: `The secret ${name} was given with -s; the run itself has none of that name.`,
  };
}
