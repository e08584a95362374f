/** A worker of a JobServ server. Other folders import what is named here, and nothing else of this one. */

export { check } from './check.js';
export { cronwrap } from './cronwrap.js';
export { gcVolumes } from './gc-volumes.js';
export { parseListen } from './listen.js';
export { retriesTo, type WorkerLog, workerLog } from './log.js';
export { loop } from './loop.js';
export { register, unregister } from './register.js';
export { removeTree } from './remove-tree.js';
export { executeRunProcess } from './run/run-one.js';
export { runProcesses, thisProgram } from './run-processes.js';
export { readSettings, SettingsError } from './settings.js';
export { type WorkerStatus, workerStatus } from './status.js';

// For tests of this folder; no other folder uses them.

export { blockMetadataService, runCallback } from './host-programs.js';
export { distroIn, hostLoad, hostProperties } from './host-properties.js';
export { Ini, IniError } from './ini.js';
export { listen } from './listen.js';
export type { LoopOptions } from './loop.js';
export { Monitor } from './monitor.js';
export { type Claim, recoverRuns } from './recover.js';
export { systemdUnit } from './register.js';
export { RunJournal } from './run/run-journal.js';
export { executeRunFolder, type RunSettings, type RunTuning } from './run/run-one.js';
export { RunServer } from './run/run-server.js';
export { type ReporterLimits, ServerReporter } from './run/server-reporter.js';
export { ARTIFACT_LIMITS, signedArtifacts } from './run/signed-artifacts.js';
export { Spool } from './run/spool.js';
export { workerReboot } from './run/worker-reboot.js';
export {
  exists,
  finishUnfinished,
  listRuns,
  makeRunFolder,
  ownerOf,
  type RunOneOptions,
  type RunState,
  readRundef,
  readRunState,
  rebootedRun,
  referenceRuns,
  runFolderName,
  runsInProgress,
  takeRunLock,
  writeRunState,
} from './runs.js';
export { readJwt, writeNewSettings } from './settings.js';
export { countOutcome, loopProcess, readOutcomes } from './status.js';
export { serviceManager } from './systemd.js';
