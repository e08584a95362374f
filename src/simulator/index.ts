/** Runs on this machine: plan, execute, replay, look after. Other folders import what is named here, and nothing else of this one. */

export { type DryRunResult, dryRun } from './dry-run.js';
export type { Check } from './host-tools/container-checks.js';
export { diagnose } from './host-tools/doctor.js';
export { type PruneResult, prune } from './host-tools/prune.js';
export { defaultProject } from './inputs/checkout.js';
export { readGivenValues, readImages, readMemory, readPairs, readSharedVolumes, readSize } from './inputs/given.js';
export { isRundefFile } from './inputs/rundef-file.js';
export { type AccessRequest, openServers } from './inputs/server-access.js';
export { type CreatedRundef, createRundefs, selectRuns } from './plan/select-runs.js';
export { type GottenRundef, getRundef } from './plan/server-rundef.js';
export { type ReproduceRequest, type ReproduceResult, reproduce } from './reproduce/reproduce.js';
export { type Interruption, watchInterrupts } from './run/interruption.js';
export { exitStatus, type RunResult, type SimulationResult } from './run/run-result.js';
export { SHELL_WISHES, type ShellRequest, type ShellWish } from './run/shell.js';
export type { SimulateRequest } from './run/simulate-run.js';
export { PULL_POLICIES, type PullPolicy } from './run/simulation-ports.js';
export { simulate } from './simulate.js';
export { greppingOf } from './test-grepping/grepping-inputs.js';
export { getsTree, type WatchKey, watch } from './watch.js';
export { cacheFolder, volumesBeside } from './workspace/workspace-names.js';

// For tests of this folder; no other folder uses them.

export { RunQueue } from './follow/run-queue.js';
export { type CheckedEngine, containerChecks } from './host-tools/container-checks.js';
export { parseAssignments } from './inputs/assignments.js';
export { localCheckout, remoteCheckout } from './inputs/checkout.js';
export { checkForgeRequest, forgeParams, namesRequest } from './inputs/forge-params.js';
export { readRundefFile } from './inputs/rundef-file.js';
export { NOWHERE } from './inputs/trigger-params.js';
export { type PlanMeans, type PlanRequest, planRuns } from './plan/plan.js';
export { checkSharedVolumes, inBuild, type PlannedRun, placeOf } from './plan/planned-run.js';
export { listOf } from './plan/select-runs.js';
export { fetchRundefs } from './plan/server-rundef.js';
export { differencesOf } from './reproduce/compare.js';
export { compareConsoles, normaliseLine } from './reproduce/compare-consoles.js';
export { bytesOf, noFacts, scriptLines } from './reproduce/console-story.js';
export { pinImage } from './reproduce/pinned-image.js';
export { fetchRun, type ServerSide } from './reproduce/server-run.js';
export { judge } from './reproduce/verdict.js';
export { openConsole, openConsoleTests, RunReporter } from './run/run-reporter.js';
export { notStarted, unopened, withConsoleTests } from './run/run-result.js';
export { simulationHost } from './run/simulation-ports.js';
export {
  contentType,
  failure,
  failureData,
  file,
  frameworkText,
  type HttpAnswer,
  noFile,
  noObject,
  notFound,
  Refusal,
  serverError,
  success,
} from './run-server/answers.js';
export { LocalRun } from './run-server/local-run.js';
export { RunAccess, ScriptServer } from './run-server/run-server.js';
export { cumulativeStatus, isComplete, type ServedRun } from './run-server/served-run.js';
export { SimulationServer } from './run-server/simulation-server.js';
export { UpstreamReader, upstreamOfFolder, upstreamOfServer } from './run-server/upstream.js';
export { checkTestGrepping } from './test-grepping/check-test-grepping.js';
export type { GreppingRequest } from './test-grepping/grepping-inputs.js';
export { Scratch } from './workspace/scratch.js';
export { clearAbandoned, openSimulationWorkspace, storedWorkspaces } from './workspace/simulation-workspace.js';
