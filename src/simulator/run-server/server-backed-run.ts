/** A run of a live server, whose files are fetched when a script asks for them. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openArchived } from '../../executor/index.js';
import { folderName, makeFolder } from '../../lib/index.js';
import { SERVER_STATUSES, type ServerStatus, type Test } from '../../schema/index.js';
import {
  Allowance,
  type HttpClient,
  type RunAddress,
  readRun,
  readRunDefinition,
  readTests,
  type ServerRun,
} from '../../server/index.js';
import {
  encodePath,
  type Post,
  type ServedFile,
  type ServedRun,
  type ServedTest,
  serverTime,
  sizedFile,
} from './served-run.js';

/** Bytes. */
export interface SourceBounds {
  /** Of the descriptions of all runs of a build together: they are held in memory. */
  descriptions: number;
  /** Of the files together that scripts request of one build: they are kept until the simulation ends. */
  files: number;
}

const BOUNDS: SourceBounds = { descriptions: 64 * 2 ** 20, files: 8 * 2 ** 30 };
const LONGEST_BUILD_MS = 10 * 60_000;

export interface ServerSource {
  http: HttpClient;
  /** A folder for the files. */
  cache: string;
  signal: AbortSignal;
  /** Of the runs' descriptions. */
  build: Allowance;
  files: Allowance;
}

/** @param url of the build, or of the one run */
export function serverSource(
  http: HttpClient,
  url: string,
  cache: string,
  signal: AbortSignal,
  most: Partial<SourceBounds>,
): ServerSource {
  const what = 'read what triggered the run';
  const bytes = { ...BOUNDS, ...most };
  const build = new Allowance({
    what,
    url,
    sum: 'the descriptions of its runs',
    bytes: bytes.descriptions,
    ms: LONGEST_BUILD_MS,
    advice: 'Name one run instead of a build, or look at the server.',
  });
  const advice = 'Let the scripts request fewer of them.';
  const files = new Allowance({ what, url, sum: 'the files that scripts requested', bytes: bytes.files, advice });
  return { http, cache, signal, build, files };
}

/** @throws ServerFailure when the caller may not read it */
export async function serverRun(
  source: ServerSource,
  { url, project, build, run: name }: RunAddress,
): Promise<ServedRun> {
  const { http, signal, build: allowance } = source;
  const [run, rundef] = await Promise.all([
    readRun(http, url, signal, allowance),
    readRunDefinition(http, url, signal, allowance),
  ]);
  const tests = run.hasTests ? await readTests(http, url, { allowance, signal }) : [];
  return new ServerBackedRun({ project, build, name }, run, rundef, tests, source, url);
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
  readonly #source: ServerSource;
  readonly #url: string;
  readonly #fetched = new Map<string, Promise<string>>();

  constructor(
    place: Pick<ServedRun, 'project' | 'build' | 'name'>,
    run: ServerRun,
    { api_key: _key, secrets: _secrets, ...rundef }: Record<string, unknown>,
    tests: readonly Test[],
    source: ServerSource,
    url: string,
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
    this.#url = url;
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
    const { http, signal, cache, files } = this.#source;
    const folder = await makeFolder(join(cache, folderName(this.#url)));
    const file = join(folder, folderName(path));
    // No other file has a name that begins so.
    const part = join(folder, `.${folderName(path)}`);
    const answer = await http.stream({
      method: 'GET',
      url: `${this.#url}${encodePath(path)}`,
      what: `read the artifact ${path}`,
      accept: 'any',
      signal,
      allowance: files,
    });
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
