/**
 * Runs that ran before this simulation: what `H_TRIGGER_URL` leads to (`--upstream`). They come from workspaces of an
 * earlier simulation, or from a live server, whose files are fetched when a script asks for them.
 */

import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { jsonObject, readBoundedText, systemWords, UsageError } from '../../lib/index.js';
import type { RunDefinition, Test } from '../../schema/index.js';
import { type HttpClient, isAddress, isBuildUrl, parseRunUrl, pathSegment, readBuildRuns } from '../../server/index.js';
import { type AccessRequest, openServers } from '../inputs/server-access.js';
import type { Scratch } from '../workspace/scratch.js';
import { LARGEST_KEPT } from '../workspace/workspace-names.js';
import { LocalRun } from './local-run.js';
import { buildPath, runPath, type ServedRun } from './served-run.js';
import { type SourceBounds, serverRun, serverSource } from './server-backed-run.js';

export interface Upstream {
  runs: ServedRun[];
  /** The path that `H_TRIGGER_URL` gets behind the run's server: of the one run, or of the build. */
  path: string;
}

/** Reads what `H_TRIGGER_URL` leads to. Close it when nobody asks for files any more. */
export class UpstreamReader {
  readonly #access: AccessRequest;
  readonly #scratch: Scratch;
  readonly #signal: AbortSignal;
  readonly #clients: HttpClient[] = [];
  #cache: Promise<string> | undefined;

  /** @param scratch only for this */
  constructor(access: AccessRequest, scratch: Scratch, signal: AbortSignal) {
    this.#access = access;
    this.#scratch = scratch;
    this.#signal = signal;
  }

  /**
   * @param place a folder, or the address of a run or a build
   * @throws UsageError for another place, or where the server refuses; ServerFailure where it cannot be reached
   */
  async read(place: string): Promise<Upstream> {
    if (!isAddress(place)) return upstreamOfFolder(place);
    const { http } = await openServers([place], this.#access);
    this.#clients.push(http);
    this.#cache ??= this.#scratch.folder();
    return upstreamOfServer(http, place, await this.#cache, this.#signal);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((http) => http.close()));
    await this.#scratch.remove();
  }
}

function upstreamOf(runs: ServedRun[], one: boolean): Upstream {
  const [first] = runs;
  if (first === undefined) throw new Error('an upstream has at least one run');
  return { runs, path: one ? runPath(first) : buildPath(first) };
}

/**
 * The runs of a workspace, or of a folder with workspaces in it or one level below.
 *
 * @throws UsageError when there is none, or when they are of several builds
 * @public
 */
export async function upstreamOfFolder(folder: string): Promise<Upstream> {
  if (existsSync(join(folder, 'rundef.json'))) return upstreamOf([await workspaceRun(folder)], true);
  const below = foldersIn(folder);
  const candidates = [...below, ...below.flatMap(foldersIn)];
  const found = candidates.filter((one) => existsSync(join(one, 'rundef.json')));
  const runs = await Promise.all(found.map(workspaceRun));
  if (runs.length === 0) {
    throw new UsageError(
      `--upstream ${folder} has no runs: there is no rundef.json in it, nor in the folders below. Name the workspace of an earlier simulation; its summary says where that is.`,
    );
  }
  const builds = [...new Set(runs.map(({ project, build }) => `${project}, build ${build}`))];
  if (builds.length > 1) {
    throw new UsageError(
      `--upstream ${folder} has runs of several builds: ${builds.join('; ')}. Name a folder of one.`,
    );
  }
  return upstreamOf(runs, false);
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const own = code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'it is no folder' : undefined;
    const why = own ?? systemWords(error);
    throw new UsageError(
      `--upstream ${folder} cannot be read: ${why}. Name the workspace of an earlier simulation, or the http or https address of a run or a build.`,
    );
  }
}

/** A folder in a clone looks like a workspace too: whatever a simulation would not have written is refused. */
async function workspaceRun(folder: string): Promise<ServedRun> {
  const rundef = (await jsonIn(folder, 'rundef.json')) as unknown as RunDefinition;
  const { H_BUILD: build, H_RUN: name } = rundef.env ?? {};
  if ([rundef.project, build, name].some((text) => typeof text !== 'string') || !/^\d+$/.test(build ?? ''))
    throw noWorkspace(folder, 'rundef.json', 'it has no project, no H_BUILD, or no H_RUN');
  const archive = join(folder, 'archive');
  // Scripts get what lies there, and the names of it.
  if (lstatSync(archive, { throwIfNoEntry: false })?.isDirectory() === false)
    throw noWorkspace(folder, 'archive', 'it is no folder');
  const run = new LocalRun(rundef, { archive, console: join(folder, 'console.log') });
  const { status, startedAt, durationMs, tests } = await jsonIn(folder, 'result.json');
  const start = new Date(String(startedAt));
  const end = new Date(start.getTime() + Number(durationMs));
  if (Number.isNaN(end.getTime()) || !Array.isArray(tests) || !tests.every(isTest))
    throw noWorkspace(folder, 'result.json', 'it does not say when the run began, how long it took, or its tests');
  run.setStatus('RUNNING', start);
  run.setStatus(status === 'PASSED' ? 'PASSED' : 'FAILED', end);
  run.addTests(tests);
  return run;
}

function isTest(value: unknown): value is Test {
  const { name, results } = (value ?? {}) as Partial<Test>;
  return typeof name === 'string' && name.isWellFormed() && Array.isArray(results);
}

/** A link may lead to any file of the user's, another run's for example. */
async function jsonIn(folder: string, name: string): Promise<Record<string, unknown>> {
  const options = { maxBytes: LARGEST_KEPT, inside: folder };
  const text = await readBoundedText(join(folder, name), options).catch((error: Error) => {
    throw noWorkspace(folder, name, error.message);
  });
  const value = jsonObject(text);
  if (value === undefined) throw noWorkspace(folder, name, 'it holds no JSON object');
  return value;
}

const noWorkspace = (folder: string, name: string, why: string) =>
  new UsageError(
    `--upstream ${folder} is no workspace of a run that ended: ${join(folder, name)} cannot be used: ${why}. Simulate that run first.`,
  );

/**
 * The run, or the runs of the build, at a live server's address.
 *
 * @param cache a folder for the files that scripts ask for; made when the first comes
 * @throws UsageError for another address; ServerFailure when the caller may not read it
 * @public
 */
export async function upstreamOfServer(
  http: HttpClient,
  address: string,
  cache: string,
  signal: AbortSignal,
  most: Partial<SourceBounds> = {},
): Promise<Upstream> {
  const source = serverSource(http, address, cache, signal, most);
  const one = parseRunUrl(address);
  if (one !== undefined) return upstreamOf([await serverRun(source, one)], true);
  if (!isBuildUrl(address)) {
    throw new UsageError(
      `--upstream ${address} is neither the address of a run nor of a build. Write it as https://server/projects/PROJECT/builds/N/ or …/builds/N/runs/NAME/.`,
    );
  }
  const [build = ''] = /^.*\/builds\/\d+/.exec(address) ?? [];
  const listed = await readBuildRuns(http, `${build}/`, signal);
  const runs: ServedRun[] = [];
  for (const { name } of listed) {
    const segment = pathSegment(name);
    const run = segment === undefined ? undefined : parseRunUrl(`${build}/runs/${segment}/`);
    if (run !== undefined) runs.push(await serverRun(source, run));
  }
  if (runs.length === 0) throw new UsageError(`--upstream ${address} is a build without runs.`);
  return upstreamOf(runs, false);
}
