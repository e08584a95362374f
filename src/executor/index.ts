/** What a run does on a host, and the ports that it does it through. Other folders import what is named here, and nothing else of this one. */

export { ArchiveFolder, listArtifacts, openArchived } from './archive.js';
export { type Checkpoint, type ConsolePosition, recordOf, type StreamPosition } from './checkpoint.js';
export { LIMITS, type Limits } from './clock.js';
export { ConsoleLog, consoleTime, SCRIPT_BEGINS } from './console-log.js';
export { RUN_LABEL } from './container-spec.js';
export { executeRun } from './execute-run.js';
export { createMasker, type Masker, type MaskingStream } from './masking.js';
export {
  type ArtifactFile,
  type Artifacts,
  type ConsoleSink,
  type Container,
  type ContainerEngine,
  type ContainerExit,
  type ContainerSpec,
  type Environment,
  type FailureCause,
  type Host,
  type ImageInfo,
  type Journal,
  type Log,
  type Mount,
  PHASES,
  type Phase,
  type PullRequest,
  type Reboot,
  type RebootRequest,
  type RegistryCredentials,
  type Reporter,
  type RepositoryRequest,
  RunFailure,
  type RunOutcome,
  type RunPorts,
  type RunStatus,
  type ScriptRepositoryRequest,
  type Source,
} from './ports.js';
export { containerOf, prepareVolumes } from './prepare.js';
export { containerAuth } from './pull-image.js';
export { certificatesFolder, checkVolumeName, persistentVolume } from './volumes.js';
export { makeVisibleFolder, openWorkspace, removeSecrets, type Workspace, workspaceAt } from './workspace.js';

// For tests of this folder; no other folder uses them.

export { throwUnlessPassed } from './checkpoint.js';
export { startClock } from './clock.js';
export { containerEnv, containerSpec, volumeMount } from './container-spec.js';
export { parseJunit, reportJunit } from './junit.js';
export { netrc } from './netrc.js';
export { prepare } from './prepare.js';
