/**
 * What is known of a run between two steps of its story: plain data, so that it can be
 * written to a file, and another process goes on where the one that wrote it died.
 */

/** Why a run FAILED. `script`: it exited non-zero, or was killed by the kernel. */
export type FailureCause =
  | 'script'
  | 'tests'
  | 'timeout'
  | 'cancelled'
  | 'setup'
  | 'artifacts'
  | 'lost'
  | 'interrupted';

/** The part of the environment that was not there (exit status 3), where that is why a run failed. */
export type Environment = 'engine' | 'registry' | 'git' | 'server' | 'disk';

export interface ImageInfo {
  /** The engine's id of the image, `sha256:…`. */
  id: string;
  /** The registry's digest, `sha256:…`, when the image came from one. */
  digest?: string;
  os: string;
  architecture: string;
  /** It was named by its id, which means nothing on another machine. */
  byId?: boolean;
  /** The image's own, when it has one. */
  entrypoint?: string[];
}

export interface ContainerExit {
  /** 0–255; 128 + n for a death by signal n. */
  exitCode: number;
  oomKilled: boolean;
  /** The engine's own words when it could not start the process. */
  error?: string;
}

/** A script that asked to go on after a reboot. */
export interface RebootRequest {
  cold: boolean;
  /** The script that goes on. */
  script: string;
}

/** How many bytes of each stream have been taken. The two are counted apart: their order is not always the same. */
export interface StreamPosition {
  stdout: number;
  stderr: number;
}

/** How far into the console of which container. */
export interface ConsolePosition extends StreamPosition {
  container: string;
}

/** The end of a step: with a failure, or without one. */
export interface Ended {
  failure?: { reason: FailureCause; message: string; environment?: Environment };
}

/** Steps that are done once, whatever process does them. */
export type Step = 'scripts' | 'upload' | 'tests' | 'verdict';

/** Fields that are not there: the story has not come that far. */
export interface Checkpoint {
  image?: ImageInfo | undefined;
  /** The run's clock: when it is up, ms of the machine's monotonic clock; or, while it stands, the ms that are left. */
  clock?: { upAt: number } | { left: number } | undefined;
  /** The engine's id of the container that was made; it has been started unless this process died in between. */
  container?: string | undefined;
  /** How that container ended. */
  exit?: ContainerExit | undefined;
  /** A reboot that was asked for and is not over. */
  reboot?: RebootRequest | undefined;
  /** The script that goes on after a reboot, instead of the rundef's. */
  script?: string | undefined;
  scripts?: Ended | undefined;
  upload?: Ended | undefined;
  tests?: Ended | undefined;
  verdict?: Ended | undefined;
  /** Whether the verdict stands in the console. */
  told?: boolean | undefined;
}
