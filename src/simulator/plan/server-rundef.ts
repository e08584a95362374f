/** A run's definition from its server: found by any address of the run, to be replayed, read or kept. */
import { isHostFolder } from '../../git/index.js';
import { UsageError } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';
import {
  type HttpClient,
  isBuildUrl,
  parseHttpUrl,
  parseRunUrl,
  type RunAddress,
  readBuildRuns,
  readRunDefinition,
  runByPattern,
  withoutSecrets,
} from '../../server/index.js';
import { type RundefFile, readRundef } from '../inputs/rundef-file.js';
import {
  type AskSecret,
  askForInputs,
  askForSecrets,
  HIDDEN_VALUE,
  type MissingSecret,
  missingSecrets,
  secretUserOfRundef,
} from '../inputs/secrets.js';
import { type AccessRequest, openServers, type ServerAccess, serversFile } from '../inputs/server-access.js';

export interface FoundRun {
  address: RunAddress;
  /** As the server handed it out; not checked. */
  rundef: Record<string, unknown>;
}

/**
 * The run of any address that a person would paste, with its definition, which is the proof that it is one.
 *
 * @throws UsageError for an address that leads to no run; ServerFailure when the server is not to be had
 */
export async function findRun(
  pasted: string,
  { http, servers }: ServerAccess,
  signal?: AbortSignal,
): Promise<FoundRun> {
  for (const { server, web } of servers) {
    const known = web === undefined ? undefined : runByPattern(pasted, server, web);
    if (known !== undefined) return fetchRun(http, known, signal);
  }
  const direct = parseRunUrl(pasted);
  if (direct !== undefined) return fetchRun(http, direct, signal);
  if (isBuildUrl(pasted)) throw await notTheBuild(http, withoutSecrets(pasted), signal);
  throw new UsageError(
    `${withoutSecrets(pasted)} leads to no run: it is not of the form https://server/projects/PROJECT/builds/N/runs/NAME/. ` +
      `Give the address of the run on the server. For pages of a web front end, say in ${serversFile()} how their addresses are made: web = "https://…/{project}/…/{build}/…/{run}".`,
  );
}

/** What to paste instead of a build; its runs are named where the server tells them. */
async function notTheBuild(http: HttpClient, pasted: string, signal: AbortSignal | undefined): Promise<UsageError> {
  const build = pasted.replace(/(\/runs)?\/*$/, '/');
  const runs = await readBuildRuns(http, build, signal);
  const listed = runs.slice(0, LISTED).map(({ name, status }) => `${name} (${status})`);
  const more = runs.length > LISTED ? `, and ${runs.length - LISTED} more` : '';
  const names = runs.length === 0 ? '' : ` It has ${listed.join(', ')}${more}.`;
  return new UsageError(`${pasted} is a build, not a run.${names} Name one of its runs: ${build}runs/NAME/.`);
}

/** So many runs of a build are named. */
const LISTED = 40;

async function fetchRun(http: HttpClient, address: RunAddress, signal: AbortSignal | undefined): Promise<FoundRun> {
  return { address, rundef: await readRunDefinition(http, address.url, signal) };
}

/**
 * The rundefs of runs, by any address of theirs, in the order of the addresses.
 *
 * @throws UsageError for an address that leads to no run, or a rundef that is refused; ServerFailure
 */
export async function fetchRundefs(
  addresses: readonly string[],
  request: AccessRequest,
  signal?: AbortSignal,
): Promise<RundefFile[]> {
  const access = await openServers(addresses, request);
  try {
    const fetched: RundefFile[] = [];
    for (const address of addresses) fetched.push(replayable(rundefOfRun(await findRun(address, access, signal))));
    return fetched;
  } finally {
    await access.http.close();
  }
}

/** @throws UsageError for a rundef that is refused */
export function rundefOfRun({ address, rundef }: FoundRun): RundefFile {
  const file = readRundef(rundef, address.url);
  const known = { ...file.rundef, ...addressed(file.rundef, address) };
  const trigger = known.env?.['H_TRIGGER_URL'];
  // It is read with the caller's login and served to the script: nothing but what its own project has.
  const builds = address.url.slice(0, address.url.lastIndexOf('/builds/') + '/builds/'.length);
  return { ...file, rundef: known, upstream: trigger?.startsWith(builds) ? trigger : undefined };
}

/**
 * The same, when nothing in it is meant for the worker's own host only: a repository by its path would be another
 * one here, one of the user's, which no server may have cloned.
 *
 * @throws UsageError
 */
export function replayable(file: RundefFile): RundefFile {
  const { path, rundef } = file;
  const repositories = {
    'env.GIT_URL': rundef.env?.['GIT_URL'],
    'script-repo.clone-url': rundef['script-repo']?.['clone-url'],
  };
  for (const [field, url] of Object.entries(repositories)) {
    if (!url || !isHostFolder(url)) continue;
    throw new UsageError(
      `${path} is not replayed: its ${field} is ${JSON.stringify(url)}, a folder on the worker's host. Here, the same path would name one of your own folders. ` +
        'If you want it, keep the rundef with "jobserv rundef get URL --output FILE", correct the address in it, and simulate FILE.',
    );
  }
  return file;
}

/**
 * The addresses in it as they are on the way to a worker: those of the server that was asked,
 * not what it calls itself (SPEC 2).
 */
function addressed(rundef: RundefFile['rundef'], { url, server }: RunAddress): Partial<RundefFile['rundef']> {
  const env: StringMap = Object.assign(Object.create(null), rundef.env);
  const trigger = env['H_TRIGGER_URL'];
  if (trigger) env['H_TRIGGER_URL'] = moved(trigger, server);
  const runner = rundef.runner_url;
  return { run_url: url, env, ...(runner ? { runner_url: moved(runner, server) } : {}) };
}

/** Only of http and https every path begins with a slash: another one would go on with the name of the host. */
function moved(address: string, server: string): string {
  const path = parseHttpUrl(address)?.pathname;
  return path === undefined ? address : new URL(server).origin + path;
}

export interface GetRequest {
  access: AccessRequest;
  /** Values that take the place of those the server hides. */
  secrets: StringMap;
  /** Asks for each that is still hidden; undefined leaves them hidden. */
  ask: AskSecret | undefined;
}

export interface GottenRundef {
  address: string;
  project: string;
  run: string;
  /** Every field of the server's, in its order; only secrets are changed. */
  rundef: Record<string, unknown>;
  /** Secrets whose value is not there, and what each is for. */
  hidden: MissingSecret[];
  /** Sentences about what is not known here. */
  notes: string[];
}

/** @throws UsageError for an address that leads to no run, or a rundef that is refused; ServerFailure */
export async function getRundef(pasted: string, request: GetRequest, signal?: AbortSignal): Promise<GottenRundef> {
  const access = await openServers([pasted], request.access);
  try {
    const { address, rundef } = await findRun(pasted, access, signal);
    const file = rundefOfRun({ address, rundef });
    const own: StringMap = Object.assign(Object.create(null), file.rundef.secrets);
    const given: StringMap = Object.create(null);
    for (const name of Object.keys(own)) {
      if (Object.hasOwn(request.secrets, name)) given[name] = request.secrets[name] ?? '';
    }
    if (request.ask !== undefined) Object.assign(given, await askForInputs(file.inputs, given, request.ask));
    const user = { ...secretUserOfRundef(file, given), label: address.run };
    const { secrets } = user;
    const missing = missingSecrets([user]);
    if (request.ask !== undefined) Object.assign(secrets, await askForSecrets(missing, request.ask));
    return {
      address: address.url,
      project: file.rundef.project,
      run: address.run,
      rundef: Object.keys(secrets).length === 0 ? rundef : { ...rundef, secrets },
      hidden: missing.filter(({ name }) => (secrets[name] ?? HIDDEN_VALUE) === HIDDEN_VALUE),
      notes: file.differences.map(({ message }) => message),
    };
  } finally {
    await access.http.close();
  }
}
