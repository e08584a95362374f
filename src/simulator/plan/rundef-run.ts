/** One run of a rundef: what the command line adds to it, and what triggered it. */
import { dirname, resolve } from 'node:path';
import { gitSource, repositoryFolder } from '../../git/index.js';
import { UsageError } from '../../lib/index.js';
import { GIT_TRIGGER_TYPES, type StringMap } from '../../schema/index.js';
import { ServerFailure } from '../../server/index.js';
import { chooseSource } from '../inputs/checkout.js';
import type { GivenValues } from '../inputs/given.js';
import { type Difference, mentions } from '../inputs/ledger.js';
import { completeRunDefinition } from '../inputs/run-identity.js';
import type { RundefFile } from '../inputs/rundef-file.js';
import { secretsOfRundef } from '../inputs/secrets.js';
import { NOWHERE } from '../inputs/trigger-params.js';
import { runPath, type ServedBuild } from '../run-server/served-run.js';
import type { Upstream, UpstreamReader } from '../run-server/upstream.js';
import {
  DefinitionPlanner,
  type DefinitionRequest,
  type DefinitionRun,
  type FirstRun,
  type LoadedDefinition,
  type PlanContext,
} from './definition-run.js';
import { paramsOfBuild } from './locate-run.js';
import { hostScripts, inBuild, type PlannedRun, placeOf, withImage } from './planned-run.js';

/** The runs of each build, for the run's server. */
export class Builds {
  readonly #builds = new Map<unknown, ServedBuild>();

  /** @param build its trigger, or words that name it */
  of(build: unknown, upstream: Upstream | undefined): ServedBuild {
    const runs = this.#builds.get(build) ?? new Map(upstream?.runs.map((run) => [runPath(run), run]));
    this.#builds.set(build, runs);
    return runs;
  }
}

/** What triggered a run of a server, read there when the script may ask for it. */
export async function upstreamOf(
  { upstream, rundef }: RundefFile,
  { warn, signal }: { warn(message: string): void; signal: AbortSignal },
  upstreams: Pick<UpstreamReader, 'read'>,
): Promise<Upstream | undefined> {
  const { script } = rundef;
  const inRepository = GIT_TRIGGER_TYPES.has(rundef.trigger_type);
  if (upstream === undefined || (script !== undefined && !inRepository && !mentions(script, 'H_TRIGGER_URL'))) {
    return undefined;
  }
  try {
    return await upstreams.read(upstream);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof UsageError || error instanceof ServerFailure)) throw error;
    warn(`What triggered the run, ${upstream}, cannot be read, so its script will not get it. ${error.message}`);
    return undefined;
  }
}

export async function planOfFile(
  file: RundefFile,
  request: DefinitionRequest & GivenValues,
  context: PlanContext,
  upstream: Upstream | undefined,
  builds: Builds,
): Promise<PlannedRun> {
  const { rundef: read } = file;
  const { secrets, added } = secretsOfRundef(file, context.secrets, request.flaggedSecrets);
  const env: StringMap = Object.assign(Object.create(null), read.env, request.params);
  const project = request.project ?? read.project;
  if (request.project !== undefined) env['H_PROJECT'] = request.project;
  if (upstream !== undefined) env['H_TRIGGER_URL'] ??= NOWHERE + upstream.path;
  const { rundef, madeUp } = completeRunDefinition({ ...read, project, env, secrets });
  if (env['H_TRIGGER_URL'] && upstream === undefined) {
    madeUp['H_TRIGGER_URL'] ??=
      'an address to which the run has no login; --upstream has the run or build there served here';
  }
  const given = Object.keys(request.params).filter((name) => request.params[name] !== read.env?.[name]);
  const differences: Difference[] = [
    ...file.differences,
    ...added.map((name) => ({
      kind: 'secret-added' as const,
      message: `The secret ${name} was given with -s; the run itself has none of that name.`,
    })),
    ...given.map((name) => ({
      kind: 'param-given' as const,
      message: `The param ${name} was given with -p; the run itself has another value, or none.`,
    })),
    ...hostScripts(rundef),
    ...context.differences,
  ];
  let source: PlannedRun['source'] = gitSource({
    repositories: { given: [request.params['GIT_URL']], within: dirname(resolve(file.path)) },
  });
  let scriptDifferences: PlannedRun['scriptDifferences'];
  if (GIT_TRIGGER_TYPES.has(rundef.trigger_type) && request.source === 'local') {
    const folder = process.cwd();
    const checkout = await context.checkout(chooseSource('local', request.params, repositoryFolder(folder)), folder);
    differences.push(...checkout.differences);
    source = checkout.source;
    scriptDifferences = checkout.scriptDifferences;
    if (checkout.sha !== undefined) env['GIT_SHA'] = checkout.sha;
  }
  const names = { trigger: rundef.trigger_type, run: rundef.env['H_RUN'] ?? 'simulated' };
  const place = placeOf({ project, run: names.run }, names.trigger, context.places, context.alone);
  const run = { ...names, rundef, madeUp, differences, scriptDifferences, source, upstream: upstream?.path, ...place };
  return inBuild(withImage(run, request), builds.of(`${project} ${env['H_BUILD']}`, upstream));
}

/**
 * The run of a rundef as the first of a build of the definition at hand (`--follow`). What it starts gets the project,
 * the build, the secrets and the commit that it has itself.
 */
export function firstOfFile(
  planned: PlannedRun,
  selected: DefinitionRun,
  loaded: LoadedDefinition,
  request: DefinitionRequest,
  context: PlanContext,
): FirstRun {
  const { env, project, secrets } = planned.rundef;
  // The rundef itself has only the trigger's type.
  planned.trigger = selected.trigger.name;
  const identity = {
    project,
    build: Number(env['H_BUILD'] ?? 1),
    source: request.source ?? 'remote',
    forge: undefined,
  };
  const planner = new DefinitionPlanner(
    loaded,
    { ...request, ...identity },
    { ...context, secrets: { ...secrets, ...context.secrets } },
  );
  return {
    selected,
    planned,
    start: { params: paramsOfBuild(env, loaded.definition, selected), madeUp: planned.madeUp },
    planner,
  };
}
