/** A run whose files lie in a workspace on this machine: of this simulation, or of an earlier one. */
import { closeSync } from 'node:fs';
import { ArchiveFolder, listArtifacts, openArchived } from '../../executor/index.js';
import type { RunDefinition, ServerStatus, Test } from '../../schema/index.js';
import {
  isComplete,
  type Post,
  type ServedFile,
  type ServedRun,
  type ServedTest,
  type StatusEvent,
  serverTime,
  sizedFile,
} from './served-run.js';

/** Where the run's files lie. */
export interface RunFiles {
  archive: string;
  console: string;
}

/** Posts that are kept in a run's result; of further ones only the number. */
const MOST_POSTS = 1000;

export class LocalRun implements ServedRun {
  readonly project: string;
  readonly build: number;
  readonly name: string;
  readonly hostTag: string;
  readonly rundef: object;
  readonly workerName: string;
  readonly events: StatusEvent[] = [];
  readonly tests: ServedTest[] = [];
  readonly posts: Post[] = [];
  /** How many posts are not in `posts`. */
  postsLeftOut = 0;
  readonly #files: RunFiles;
  #status: ServerStatus = 'QUEUED';

  /** @param rundef `project`, `H_BUILD` and `H_RUN` say which run it is */
  constructor(rundef: RunDefinition, files: RunFiles) {
    const { api_key: _key, secrets, ...shown } = rundef;
    this.project = rundef.project;
    this.build = Number(rundef.env['H_BUILD']);
    this.name = rundef.env['H_RUN'] ?? '';
    this.hostTag = rundef['host-tag'] ?? '';
    this.workerName = rundef.env['H_WORKER'] ?? 'simulator';
    this.rundef = {
      ...shown,
      ...(secrets && { secrets: Object.fromEntries(Object.keys(secrets).map((name) => [name, 'TODO'])) }),
    };
    this.#files = files;
  }

  get status(): ServerStatus {
    return this.#status;
  }

  /** A run is QUEUED at first; the status that it has already is no new event. */
  setStatus(status: ServerStatus, time = new Date()): void {
    if (status === this.#status) return;
    this.#status = status;
    const worker = status === 'RUNNING' ? { worker: this.workerName } : {};
    this.events.push({ time: serverTime(time), status, ...worker });
  }

  addTests(tests: readonly Test[]): void {
    this.tests.push(...tests.map((test) => ({ ...test, created: serverTime() })));
  }

  record(post: Post): void {
    if (this.posts.length < MOST_POSTS) this.posts.push(post);
    else this.postsLeftOut += 1;
  }

  async files(): Promise<{ path: string; sizeBytes: number }[]> {
    if (!isComplete(this)) return [];
    const { files: archived } = await listArtifacts(this.#files.archive, SILENT);
    const files = archived.filter(({ path }) => path !== 'console.log' && path !== '.rundef.json');
    const console = await this.openConsole();
    if (console === undefined) return files;
    closeSync(console.fd);
    return [...files, { path: 'console.log', sizeBytes: console.sizeBytes }];
  }

  async open(path: string): Promise<ServedFile | undefined> {
    if (path === 'console.log') return this.openConsole();
    if (path === '.rundef.json') return undefined;
    const folder = new ArchiveFolder(this.#files.archive);
    try {
      return sizedFile(folder.openFile(path));
    } finally {
      folder.close();
    }
  }

  /** Before the run begins its folder may hold what an earlier one left. */
  async openConsole(): Promise<ServedFile | undefined> {
    return this.#status === 'QUEUED' ? undefined : sizedFile(openArchived(this.#files.console));
  }
}

const nothing = async () => {};
/** What is not served was reported when the run's artifacts were collected. */
const SILENT = { heading: nothing, info: nothing, warn: nothing, error: nothing, raw: nothing };
