/** From what was named to the runs that are simulated: nothing starts before all of them are complete. */
import { closest, distance } from 'fastest-levenshtein';
import { UsageError } from '../../lib/index.js';
import {
  asStored,
  type ExpandedTrigger,
  PARAMS_OF_TRIGGER,
  reachableRuns,
  type StringMap,
} from '../../schema/index.js';
import { isAddress, parseRunUrl } from '../../server/index.js';
import { type Checkout, defaultProject, type SourceChoice } from '../inputs/checkout.js';
import { checkForgeRequest } from '../inputs/forge-params.js';
import type { GivenValues } from '../inputs/given.js';
import { type Difference, mentions } from '../inputs/ledger.js';
import { isRundefFile, type RundefFile, readRundefFile } from '../inputs/rundef-file.js';
import {
  type AskSecret,
  askForInputs,
  askForScriptSecrets,
  askForSecrets,
  missingSecrets,
  secretUserOfRundef,
} from '../inputs/secrets.js';
import type { AccessRequest } from '../inputs/server-access.js';
import type { UpstreamReader } from '../run-server/upstream.js';
import { didNotPass } from '../workspace/simulation-workspace.js';
import {
  DefinitionPlanner,
  type DefinitionRequest,
  type DefinitionRun,
  type FirstRun,
  folderOf,
  type LoadedDefinition,
  type PlanContext,
  secretUserOf,
} from './definition-run.js';
import { locateRun } from './locate-run.js';
import {
  checkImages,
  checkPlaces,
  checkSharedVolumes,
  labelOf,
  type PlannedRun,
  placeOf,
  type Replacements,
} from './planned-run.js';
import { Builds, firstOfFile, planOfFile, upstreamOf } from './rundef-run.js';
import { listOf, selectRuns } from './select-runs.js';
import { fetchRundefs } from './server-rundef.js';

/** What a command gives; made once, and passed on as it is. */
export interface PlanRequest extends DefinitionRequest, GivenValues, Replacements {
  /** RUN arguments. */
  arguments: readonly string[];
  loadDefinition(): Promise<LoadedDefinition>;
  /** Rundefs that are read already. */
  rundefs?: readonly RundefFile[] | undefined;
  /** What servers learn about who asks, where a run is named by its address. */
  access: AccessRequest;
  /** Of the runs that are named, or of all, only those that failed or were interrupted the last time. */
  failed?: boolean | undefined;
  /** Go on with what the runs start. */
  follow?: boolean | undefined;
  /** `--upstream`: what triggered the runs; a folder or an address. */
  upstream?: string | undefined;
  /** `--workspace`. */
  workspace?: string | undefined;
  /** Lets the user choose from labels; undefined where nobody can be asked. */
  choose: ((labels: string[]) => Promise<string[]>) | undefined;
  ask: AskSecret | undefined;
  warn(message: string): void;
}

export interface RunPlan {
  planned: PlannedRun[];
  /** With `--follow`: the triggers of the definition, and the runs that the simulation begins with. */
  follow?: { triggers: ExpandedTrigger[]; first: FirstRun[] };
}

/** What planning works with. */
export interface PlanMeans {
  /** The user's cache folder. */
  cache: string;
  /** From a worker's run, for every run. */
  differences: readonly Difference[];
  /** Prepares a source; called once for each that is needed. */
  checkout(choice: SourceChoice, folder: string): Promise<Checkout>;
  upstreams: Pick<UpstreamReader, 'read'>;
}

/** @throws UsageError for what cannot be meant; RejectedDefinition; RunFailure where git fails */
export async function planRuns(request: PlanRequest, means: PlanMeans): Promise<RunPlan> {
  const { addresses, paths, names } = kindsOf(request.arguments);
  for (const name of names) refuseBareAddress(name);
  if (request.failed && addresses.length + paths.length > 0) throw nothingFailedBefore();
  const read = await Promise.all(paths.map((path) => readRundefFile(path, request.signal)));
  const files = [...(request.rundefs ?? []), ...read];
  if (addresses.length > 0) files.push(...(await fetchRundefs(addresses, request.access, request.signal)));
  const named = files.length === 0 || names.length > 0;
  const loaded = named || request.follow ? await request.loadDefinition() : undefined;
  const chosen = loaded !== undefined && named ? await select(loaded, names, request) : [];
  const places = { workspace: request.workspace, cache: means.cache };
  const isAlone = chosen.length + files.length === 1;
  const selected = request.failed && loaded ? await failedAmong(chosen, loaded, request, places, isAlone) : chosen;
  const located = new Map(request.follow && loaded ? files.map((file) => [file, locate(file, loaded)]) : []);
  const later = request.follow && loaded ? reachableRuns(loaded.triggers, [...selected, ...located.values()]) : [];
  checkForgeRequest(
    request.forge,
    chosen.map(({ trigger }) => trigger.type),
  );
  checkImages(request, [
    ...[...chosen, ...later].map(({ run }) => run.container),
    ...files.map(({ rundef }) => rundef.container),
  ]);
  checkSharedVolumes(request, [
    ...[...chosen, ...later].map(({ run }) => run['shared-volumes']),
    ...files.map(({ rundef }) => rundef['shared-volumes']),
  ]);
  if (loaded !== undefined) warnOfParams(request, loaded, [...chosen, ...later]);

  const upstream = request.upstream === undefined ? undefined : await means.upstreams.read(request.upstream);
  const context: PlanContext = {
    places,
    alone: isAlone && later.length === 0,
    secrets: await completeSecrets(request, loaded, [...selected, ...later], files),
    differences: means.differences,
    checkout: onceEach(means.checkout),
  };
  const planned: PlannedRun[] = [];
  const builds = new Builds();
  const first: FirstRun[] = [];
  if (loaded !== undefined) {
    // What one run or build triggers is part of the same build.
    const [before] = upstream?.runs ?? [];
    const identity = { project: request.project ?? before?.project, build: request.build ?? before?.build };
    const planner = new DefinitionPlanner(loaded, { ...request, ...identity }, context);
    for (const run of selected) {
      first.push(await planner.first(run, builds.of(run.trigger, upstream), upstream?.path));
    }
    planned.push(...first.map((one) => one.planned));
  }
  for (const file of files) {
    const before = upstream ?? (await upstreamOf(file, request, means.upstreams));
    const run = await planOfFile(file, request, context, before, builds);
    planned.push(run);
    const selected = located.get(file);
    if (loaded && selected) first.push(firstOfFile(run, selected, loaded, request, context));
  }
  checkPlaces(planned);
  return { planned, ...(request.follow && loaded && { follow: { triggers: asStored(loaded.triggers), first } }) };
}

/** Each source is prepared once, however many runs there are. */
function onceEach(prepare: PlanMeans['checkout']): PlanMeans['checkout'] {
  const ready = new Map<string, Promise<Checkout>>();
  return (choice, folder) => {
    const key = `${choice} ${folder}`;
    const checkout = ready.get(key) ?? prepare(choice, folder);
    ready.set(key, checkout);
    return checkout;
  };
}

/** What was copied without its scheme would be looked for among the runs. */
function refuseBareAddress(name: string): void {
  if (parseRunUrl(`https://${name}`) === undefined) return;
  throw new UsageError(
    `${JSON.stringify(name)} is the address of a run without its beginning. Write https:// or http:// before it.`,
  );
}

/** A run definition does not say what its run starts: the project definition does. */
function locate({ path, rundef }: RundefFile, loaded: LoadedDefinition): DefinitionRun {
  const { env = {}, trigger_type } = rundef;
  const found = locateRun({ env, trigger_type }, loaded.triggers);
  if (found !== undefined) return found;
  const name = env['H_RUN'] === undefined ? `${path} does not say which` : `${loaded.path} has no run ${env['H_RUN']}`;
  throw new UsageError(
    `--follow goes on with what the project definition says that a run starts, and ${name}. Name the definition of its project with --file, or leave --follow out.`,
  );
}

function nothingFailedBefore(): UsageError {
  return new UsageError(
    '--failed chooses among the runs of a project definition by how they ended the last time. Name runs of a definition, or leave --failed out.',
  );
}

/** By what the last run of each left in its workspace. */
async function failedAmong(
  runs: DefinitionRun[],
  loaded: LoadedDefinition,
  { project = defaultProject(folderOf(loaded)) }: PlanRequest,
  places: PlanContext['places'],
  alone: boolean,
): Promise<DefinitionRun[]> {
  const failed = await Promise.all(
    runs.map(({ trigger, run }) => didNotPass(placeOf({ project, run: run.name }, trigger.name, places, alone).root)),
  );
  return runs.filter((_, index) => failed[index]);
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
  { choose, failed }: PlanRequest,
): Promise<DefinitionRun[]> {
  const labels = triggers.flatMap((trigger) =>
    trigger.runs.map((run) => labelOf({ trigger: trigger.name, run: run.name })),
  );
  if (labels.length === 0) throw new UsageError(`${path} has no runs, so there is nothing to simulate.`);
  if (names.length > 0) return selectRuns(triggers, names);
  if (failed) return selectRuns(triggers, labels);
  if (choose === undefined) {
    const count = labels.length === 1 ? 'one run' : `${labels.length} runs`;
    throw new UsageError(
      `Name the runs to simulate, or a glob such as "*": there is no terminal to choose them on. ${path} has ${count}: ${listOf(labels)}. \`jobserv list\` shows them all.`,
    );
  }
  return selectRuns(triggers, await choose(labels));
}

/** More edits than this are no typo. */
const TYPO = 2;

/** A param that nothing in the definition names is often a typo: warn before anything runs. */
function warnOfParams({ params, warn }: PlanRequest, { definition }: LoadedDefinition, runs: DefinitionRun[]): void {
  const names = new Set<string>();
  const texts: string[] = [];
  let everyText = true;
  for (const { trigger, run } of runs) {
    const written = definition.triggers.find(({ name }) => name === trigger.name);
    const maps = [definition.params, written?.params, run.params];
    for (const name of maps.flatMap((map) => Object.keys(map ?? {}))) names.add(name);
    for (const name of PARAMS_OF_TRIGGER[trigger.type] ?? []) names.add(name);
    const script = run.script === undefined ? undefined : definition.scripts?.[run.script];
    if (script === undefined) everyText = false;
    else texts.push(script);
  }
  for (const name of Object.keys(params)) {
    if (names.has(name) || /^H_[A-Z_]+$/.test(name) || texts.some((text) => mentions(text, name))) continue;
    const near = names.size === 0 ? undefined : closest(name, [...names]);
    if (near !== undefined && distance(name, near) <= TYPO && name.length > TYPO + 1) {
      warn(`No run here has a param ${name}. Did you mean -p ${near}=…?`);
    } else if (everyText) {
      warn(`No run here has a param ${name}, and no script names it; it was set all the same.`);
    }
  }
}

/** All secrets by name; prompts for the missing ones. */
async function completeSecrets(
  { secrets, ask, warn }: PlanRequest,
  loaded: LoadedDefinition | undefined,
  selected: DefinitionRun[],
  files: RundefFile[],
): Promise<StringMap> {
  const all: StringMap = Object.assign(Object.create(null), secrets);
  for (const { inputs } of files) Object.assign(all, await askForInputs(inputs, all, ask));
  const users = [
    ...selected.map((run) => secretUserOf(run, (loaded as LoadedDefinition).definition, all)),
    ...files.map((file) => secretUserOfRundef(file, all)),
  ];
  Object.assign(all, await askForSecrets(missingSecrets(users), ask));
  return Object.assign(all, await askForScriptSecrets(users, ask, warn));
}
