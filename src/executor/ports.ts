/**
 * What a run needs of the world. The story (`execute-run.ts`) is written against these
 * interfaces and nothing else; a simulation and a real worker differ only in the objects
 * they pass in.
 *
 * Conventions, for every port: a call that cannot do its work throws a `RunFailure` when
 * the reason is one that a user can understand (the story turns it into the run's
 * outcome), any other error is a defect of ours. A `signal` aborts the call: what it
 * started is gone when its promise rejects. `dispose` may be called twice, and before start.
 */
import type { Test } from '../schema/index.js';
import type {
  Checkpoint,
  ConsolePosition,
  ContainerExit,
  Environment,
  FailureCause,
  ImageInfo,
  RebootRequest,
  StreamPosition,
} from './checkpoint.js';

export type { ContainerExit, Environment, FailureCause, ImageInfo, RebootRequest } from './checkpoint.js';
export { RunFailure } from './checkpoint.js';

export type RunStatus = 'RUNNING' | 'UPLOADING' | 'PASSED' | 'FAILED';

/** The tool's own lines in the console: `== time: heading`, and details under it. */
export interface Log {
  heading(text: string): Promise<void>;
  info(text: string): Promise<void>;
  warn(text: string): Promise<void>;
  error(text: string): Promise<void>;
  /** Bytes as they are: a child's output. */
  raw(bytes: Uint8Array): Promise<void>;
}

/** Receives the console, the status and the tests of a run. */
export interface Reporter {
  /**
   * Appends to the console, in call order. Resolves when more may be written: the caller
   * waits, so that a slow sink slows the script down instead of filling the memory.
   * The buffer belongs to the reporter until then.
   *
   * @param position how far into a container's console these bytes reach, when they are a script's
   */
  write(bytes: Uint8Array, position?: ConsolePosition): void | Promise<void>;
  /** Called in the story's order; PASSED or FAILED comes once, last. */
  status(status: RunStatus): Promise<void>;
  /** @returns why the test could not be reported; the run continues */
  test(test: Test): Promise<string | undefined>;
  /** Aborts when the server, or the user, wants the run to stop; its reason is a `RunFailure`. */
  readonly cancelled: AbortSignal;
  /** What an earlier process of this run has written; absent for a new run. */
  readonly kept?: { position?: ConsolePosition | undefined; atLineStart: boolean };
}

export interface RegistryCredentials {
  username: string;
  password: string;
}

export interface PullRequest {
  reference: string;
  /** From the run's `container-auth`, for this pull only; without it the engine adapter finds the user's own. */
  credentials?: RegistryCredentials;
  log: Log;
  /** Receives how far the downloads of all layers are, in bytes; the total grows while layers begin. */
  progress?: ((bytes: { current: number; total: number }) => void) | undefined;
  signal: AbortSignal;
}

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
  /** How mounts made below it reach the other side; the engine's default unless given. */
  propagation?: 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';
}

/** All that a container is started with; pure data, made by `container-spec.ts`. */
export interface ContainerSpec {
  image: string;
  /** The one argument after the entrypoint. */
  command: string[];
  /** undefined: the image's own; `''`: none, and no image CMD. */
  entrypoint?: string;
  user?: string;
  workingDir: string;
  /** `KEY=value`, in order; the last of a key wins. */
  env: string[];
  mounts: Mount[];
  privileged: boolean;
  capAdd: string[];
  capDrop: string[];
  memoryBytes?: number;
  /** Labels by which clean-up finds what we made. */
  labels: Record<string, string>;
}

/** @param position after this chunk; another object, or other numbers, at the next call */
export type ConsoleSink = (chunk: Buffer, position: Readonly<StreamPosition>) => void | Promise<void>;

/** One container. Order: `start` once, `wait` after it; `dispose` whenever. */
export interface Container {
  readonly id: string;
  /**
   * Attaches, then starts. Every byte of stdout and stderr, in the order the engine gives
   * them, goes to `sink`, one call at a time. One that was found again and runs already, or
   * has ended, is not started: its console continues after `from`.
   */
  start(sink: ConsoleSink, from?: StreamPosition): Promise<void>;
  /** Resolves when the process has ended and the last byte has been taken by the sink. Throws a `RunFailure('lost')` when the engine or the container went away. */
  wait(): Promise<ContainerExit>;
  /** SIGKILL; resolves when the process is gone. Nothing to do is no error. */
  kill(): Promise<void>;
  /** Runs a command inside, for diagnostics; its output, stdout and stderr together, at most 1 MiB. */
  exec(argv: string[], timeoutMs: number): Promise<Buffer>;
  /** Force-removes the container. Resolves when the engine has confirmed. */
  dispose(): Promise<void>;
}

export interface ContainerEngine {
  /** One try; the story repeats it. */
  pull(request: PullRequest): Promise<ImageInfo>;
  create(spec: ContainerSpec, signal: AbortSignal): Promise<Container>;
  /** Finds a container that an earlier process made. Throws a `RunFailure('lost')` when it is gone. */
  reattach(id: string): Promise<Container>;
  /** Names the address that the docker CLI would look `proxies` up under, `unix:///var/run/docker.sock`. */
  readonly address: string;
}

export interface RepositoryRequest {
  /** Where the clone goes; does not exist yet. */
  directory: string;
  /** HOME for git: `.netrc` stands there, `.gitconfig` may be written there. 0700. */
  home: string;
  env: Record<string, string>;
  secrets: Record<string, string>;
  log: Log;
  signal: AbortSignal;
}

export interface ScriptRepositoryRequest extends Omit<RepositoryRequest, 'env'> {
  cloneUrl: string;
  gitRef?: string;
  /** `name` or `user:token`, names of secrets. */
  token?: string;
}

/** Where the code comes from: git on the host, or somebody's working tree. */
export interface Source {
  /** Fills `directory` as SPEC 3 says: clone, branch `jobserv-run` at GIT_SHA, submodules, LFS. */
  checkout(request: RepositoryRequest): Promise<void>;
  /** Clones the script-repo; answers the SHA that is checked out. */
  checkoutScripts(request: ScriptRepositoryRequest): Promise<{ sha: string }>;
}

export interface ArtifactFile {
  /** Below `/archive`, `/`-separated, raw. */
  path: string;
  sizeBytes: number;
}

export interface Artifacts {
  /** Takes the files found under `root` to where they are kept; called once, with every regular file. */
  store(root: string, files: ArtifactFile[], log: Log, signal: AbortSignal): Promise<void>;
}

/** The machine: what a worker's settings, or a simulation's flags, say about it. */
export interface Host {
  /** The folder of a persistent volume; created when it is not there. */
  persistentVolume(project: string, name: string): Promise<string>;
  /** The folder behind a shared volume, or a `RunFailure('setup')`. */
  sharedVolume(name: string): Promise<string>;
  /** `/usr/local/share/ca-certificates`, if it holds anything. */
  readonly certificates?: string | undefined;
  /** The text of the docker client's `config.json`, if there is one and it may be shown to scripts. */
  dockerConfig(): Promise<string | undefined>;
  /** `proxies` of that same config for this engine as `KEY=value` (SPEC 3, env); they win over the run's. */
  proxies(engineAddress: string): Promise<string[]>;
  readonly memoryBytes?: number;
  /** The host of the run's server as `.netrc` has to name it, where that is not `host[:port]` of its URL. */
  readonly netrcMachine?: string | undefined;
  /**
   * Gives what a container's users left below `folder` to whoever runs this, so that it can be read and kept.
   * `image` is the run's own. Answers why that could not be done; undefined when all is ours.
   */
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
}

export interface Reboot {
  /** Resolves when the run may go on, as after a boot. */
  reboot(request: RebootRequest, log: Log): Promise<void>;
}

export const PHASES = ['pull', 'prepare', 'script', 'reboot', 'upload', 'tests', 'report'] as const;
export type Phase = (typeof PHASES)[number];

/** Called when a phase begins and ends: a summary's timings, or the state from which another process continues. */
export interface Journal {
  begin(phase: Phase): void | Promise<void>;
  end(phase: Phase): void | Promise<void>;
  /** How far the download of the run's image is, in bytes; the total grows while layers begin. */
  pulling?(bytes: { current: number; total: number }): void;
  /** Keeps what the story needs to go on; when it resolves, a process that dies has it no less. */
  note?(known: Checkpoint): void | Promise<void>;
  /** What an earlier process of this run noted last: the story continues from there. */
  readonly resumed?: Checkpoint;
}

export interface RunPorts {
  reporter: Reporter;
  engine: ContainerEngine;
  source: Source;
  artifacts: Artifacts;
  host: Host;
  reboot: Reboot;
  journal: Journal;
}

/** How a run ended. The container's exit code is there whenever a script ran to its end. */
export type RunOutcome = {
  image?: ImageInfo;
  exitCode?: number;
  tests: Test[];
  artifacts: ArtifactFile[];
  /** What could not be cleaned up; the verdict stands all the same. */
  warnings: string[];
  /** Why the reference's worker would come to another verdict; a sentence. */
  elsewhere?: string;
} & ({ status: 'PASSED' } | { status: 'FAILED'; cause: FailureCause; message: string; environment?: Environment });
