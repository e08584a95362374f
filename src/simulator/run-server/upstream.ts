/**
 * Runs that ran before this simulation: what `H_TRIGGER_URL` leads to (`--upstream`). They come from workspaces of an
 * earlier simulation, or from a live server, whose files are fetched when a script asks for them.
 */
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openArchived } from '../../executor/archive.js';
import { UsageError } from '../../lib/errors.js';
import { folderName, makeFolder } from '../../lib/folders.js';
import { readBoundedText } from '../../lib/read-bounded.js';
import { type RunDefinition, SERVER_STATUSES, type ServerStatus, type Test } from '../../schema/model.js';
import { isAddress, isBuildUrl, parseRunUrl, pathSegment, type RunAddress } from '../../server/address.js';
import type { HttpClient } from '../../server/http.js';
import { readBuildRuns, readRun, readRunDefinition, type ServerRun } from '../../server/run.js';
import { readTests } from '../../server/tests.js';
import { type AccessRequest, openServers, usersFault } from '../inputs/server-access.js';
import type { Scratch } from '../workspace/scratch.js';
import { LocalRun } from './local-run.js';
import {
  buildPath,
  encodePath,
  type Post,
  runPath,
  type ServedFile,
  type ServedRun,
  type ServedTest,
  serverTime,
  sizedFile,
} from './served-run.js';

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
    return usersFault(upstreamOfServer(http, place, await this.#cache, this.#signal));
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
    throw new UsageError(`--upstream ${folder} cannot be read: ${(error as Error).message}.`);
  }
}

async function workspaceRun(folder: string): Promise<ServedRun> {
  const rundef = (await jsonIn(folder, 'rundef.json')) as unknown as RunDefinition;
  const run = new LocalRun(rundef, { archive: join(folder, 'archive'), console: join(folder, 'console.log') });
  const { status, startedAt, durationMs, tests } = await jsonIn(folder, 'result.json');
  const start = new Date(String(startedAt));
  run.setStatus('RUNNING', start);
  run.setStatus(status === 'PASSED' ? 'PASSED' : 'FAILED', new Date(start.getTime() + Number(durationMs)));
  run.addTests(tests as Test[]);
  return run;
}

async function jsonIn(folder: string, name: string): Promise<Record<string, unknown>> {
  const path = join(folder, name);
  try {
    return JSON.parse(await readBoundedText(path, { maxBytes: 256 * 1024 * 1024 })) as Record<string, unknown>;
  } catch (error) {
    const why = `${path} cannot be read: ${(error as Error).message}`;
    throw new UsageError(`--upstream ${folder} is no workspace of a run that ended: ${why}. Simulate that run first.`);
  }
}

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
): Promise<Upstream> {
  const one = parseRunUrl(address);
  if (one !== undefined) return upstreamOf([await serverRun(http, one, cache, signal)], true);
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
    if (run !== undefined) runs.push(await serverRun(http, run, cache, signal));
  }
  if (runs.length === 0) throw new UsageError(`--upstream ${address} is a build without runs.`);
  return upstreamOf(runs, false);
}

async function serverRun(
  http: HttpClient,
  { url, project, build, run: name }: RunAddress,
  cache: string,
  signal: AbortSignal,
): Promise<ServedRun> {
  const [run, rundef] = await Promise.all([readRun(http, url, signal), readRunDefinition(http, url, signal)]);
  const tests = run.hasTests ? await readTests(http, url, { signal }) : [];
  return new ServerBackedRun({ project, build, name }, run, rundef, tests, {
    http,
    url,
    signal,
    cache: join(cache, folderName(url)),
  });
}

interface Source {
  http: HttpClient;
  url: string;
  cache: string;
  signal: AbortSignal;
}

/** A run of a live server. Its files are fetched once, with the caller's credentials, which nobody else gets. */
class ServerBackedRun implements ServedRun {
  readonly project: string;
  readonly build: number;
  readonly name: string;
  readonly hostTag: string;
  readonly workerName: string | null;
  readonly status: ServerStatus;
  readonly events: ServedRun['events'];
  readonly tests: ServedTest[];
  readonly rundef: object;
  readonly #run: ServerRun;
  readonly #source: Source;
  readonly #fetched = new Map<string, Promise<string>>();

  constructor(
    place: Pick<ServedRun, 'project' | 'build' | 'name'>,
    run: ServerRun,
    { api_key: _key, secrets: _secrets, ...rundef }: Record<string, unknown>,
    tests: readonly Test[],
    source: Source,
  ) {
    this.project = place.project;
    this.build = place.build;
    this.name = place.name;
    this.hostTag = run.hostTag ?? '';
    this.workerName = run.workerName ?? null;
    this.status = statusOf(run.status);
    this.events = run.statusEvents.map((event) => ({ ...event, status: statusOf(event.status) }));
    this.tests = tests.map((test) => ({ ...test, created: run.completed ?? serverTime() }));
    this.rundef = rundef;
    this.#run = run;
    this.#source = source;
  }

  async files(): Promise<{ path: string; sizeBytes: number }[]> {
    return this.#run.artifacts.map(({ path, sizeBytes = 0 }) => ({ path, sizeBytes }));
  }

  async open(path: string): Promise<ServedFile | undefined> {
    const listed = this.#run.artifacts.some((artifact) => artifact.path === path) || path === 'console.log';
    if (!listed) return undefined;
    let file = this.#fetched.get(path);
    if (file === undefined) {
      file = this.#fetch(path);
      this.#fetched.set(path, file);
      // The next request tries again.
      file.catch(() => this.#fetched.delete(path));
    }
    return sizedFile(openArchived(await file));
  }

  openConsole(): Promise<ServedFile | undefined> {
    return this.open('console.log');
  }

  record(_post: Post): void {
    // It ran elsewhere and is complete: nothing can be posted to it.
  }

  async #fetch(path: string): Promise<string> {
    const { http, url, signal, cache } = this.#source;
    const file = join(await makeFolder(cache), folderName(path));
    const answer = await http.stream({
      method: 'GET',
      url: `${url}${encodePath(path)}`,
      what: `read the artifact ${path}`,
      accept: 'any',
      signal,
    });
    const part = `${file}.part`;
    try {
      await pipeline(answer.body, createWriteStream(part, { mode: 0o600 }), { signal });
      await rename(part, file);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    return file;
  }
}

/** A status that is not one of the server's counts as in progress. */
function statusOf(text: string): ServerStatus {
  return SERVER_STATUSES.find((status) => status === text) ?? 'RUNNING';
}
