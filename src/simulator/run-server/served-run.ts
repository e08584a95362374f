/** What the run's server serves: a run of this simulation, of an earlier one, or of a live server. */
import { fstatSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { COMPLETE_STATUSES, type ServerStatus, type Test } from '../../schema/index.js';

export interface StatusEvent {
  /** ISO 8601 with `+00:00`, as the server writes it. */
  time: string;
  status: ServerStatus;
  worker?: string;
}

export interface ServedTest extends Test {
  created: string;
}

/** An open file of a run. Whoever gets it closes it. */
export interface ServedFile {
  /** Descriptor of a regular file. */
  fd: number;
  sizeBytes: number;
}

/** @param fd an open regular file, or none */
export function sizedFile(fd: number | undefined): ServedFile | undefined {
  return fd === undefined ? undefined : { fd, sizeBytes: fstatSync(fd).size };
}

export interface ServedRun {
  readonly project: string;
  readonly build: number;
  readonly name: string;
  readonly hostTag: string;
  readonly workerName: string | null;
  readonly status: ServerStatus;
  readonly events: readonly StatusEvent[];
  /** Tests that the run reported, and tests that its script posts while it runs. */
  readonly tests: ServedTest[];
  /** The run definition as others may read it: no key, every secret `TODO`. */
  readonly rundef: object;
  /** Every file below the run's address, the console of a completed run included. */
  files(): Promise<{ path: string; sizeBytes: number }[]>;
  /** @returns undefined when the run has no such file */
  open(path: string): Promise<ServedFile | undefined>;
  /** The console as it is now; undefined before the first byte. */
  openConsole(): Promise<ServedFile | undefined>;
  /** Keeps what the run's own script posted to it. */
  record(post: Post): void;
}

/** The runs of one build by their paths, in the order in which they were started. */
export type ServedBuild = Map<string, ServedRun>;

/** What a script posted. The simulation keeps it in the run's result and does nothing else with it. */
export interface Post {
  /** The path below the run's address; `''` is the run itself. */
  path: string;
  /** `X-RUN-STATUS`. */
  status?: string;
  /** `X-RUN-METADATA`. */
  metadata?: string;
  /** The body as text, cut at 64 KiB. */
  text: string;
  /** Length of the whole body. */
  sizeBytes: number;
}

export interface ServedRequest {
  method: string;
  /** Undecoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Length of the body that was sent; `body` may hold less. */
  bodyBytes: number;
  /** `http://<host>` as the client wrote it: it stands in every address of an answer. */
  origin: string;
}

/** The runs that one caller may see, in the order in which they were started. */
export interface Visible {
  readonly runs: readonly ServedRun[];
  /** The one that it may post to. */
  readonly own: ServedRun;
  /** Called for a request that a live server might answer and this one cannot. */
  missed(what: string): void;
}

/** What the address of a request names. */
export interface Found {
  /** Of the build, or the one run. */
  runs: readonly ServedRun[];
  run: ServedRun;
  /** Below the run's address: of a test or a file. */
  name: string;
  visible: Visible;
}

export const isComplete = ({ status }: { status: string }): boolean => COMPLETE_STATUSES.includes(status);

export const encodePath = (path: string): string => path.toWellFormed().split('/').map(encodeURIComponent).join('/');

/** Paths as the server writes them: a project's name may have slashes. */
export const buildPath = ({ project, build }: Pick<ServedRun, 'project' | 'build'>): string =>
  `/projects/${encodePath(project)}/builds/${build}/`;
export const runPath = (run: Pick<ServedRun, 'project' | 'build' | 'name'>): string =>
  `${buildPath(run)}runs/${encodePath(run.name)}/`;

/** The time as the server writes it. */
export const serverTime = (date = new Date()): string => date.toISOString().replace(/(\.\d+)?Z$/, '+00:00');

/** The status of a whole whose parts have these statuses: of a build by its runs, of a run by its tests. */
export function cumulativeStatus(parts: readonly string[]): ServerStatus {
  const has = (...statuses: string[]) => statuses.some((status) => parts.includes(status));
  if (parts.every((status) => ['PASSED', 'FAILED', 'SKIPPED'].includes(status))) {
    return has('FAILED') ? 'FAILED' : 'PASSED';
  }
  if (has('QUEUED') && has('PASSED')) return 'RUNNING';
  if (has('QUEUED') && has('FAILED')) return 'RUNNING_WITH_FAILURES';
  if (has('RUNNING', 'UPLOADING', 'CANCELLING')) {
    return has('FAILED', 'CANCELLING') ? 'RUNNING_WITH_FAILURES' : 'RUNNING';
  }
  return 'QUEUED';
}
