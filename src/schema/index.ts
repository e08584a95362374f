/** What a definition and a rundef are, and which runs a build starts. Other folders import what is named here, and nothing else of this one. */

export { asStored, Build, reachableRuns, type StartedRun } from './build.js';
export { checkRunDefinition, unknownFields } from './check-run-definition.js';
export { DOCKER_HUB, type ImageName, mountModeWords, parseImageName } from './docker-syntax.js';
export { type ExpandedTrigger, type ExpansionProblem, expand, expandRuns, type WrittenRun } from './expand.js';
export {
  COMPLETE_STATUSES,
  type Definition,
  GIT_TRIGGER_TYPES,
  PARAMS_OF_TRIGGER,
  RESULT_STATUSES,
  type Run,
  type RunDefinition,
  type ScriptRepo,
  SERVER_STATUSES,
  type ServerStatus,
  type StringMap,
  type Test,
  type TestGrepping,
  type TestResult,
  TRIGGER_TYPES,
  type Trigger,
  type TriggerReference,
  type TriggerType,
  UNFINISHED_STATUSES,
} from './model.js';
export { buildRunDefinition } from './resolve.js';
export { type ShapeFault, shapeFaults } from './shape.js';
export { type FoundLine, type GreppedTests, TestGrepper, type Trouble } from './test-grepper.js';
export { asList, asObject, asText, childPath, valueAt } from './values.js';

// For tests of this folder; no other folder uses them.

export type { Consequence } from './build.js';
export type { Json } from './model.js';
export type { RunRequest } from './resolve.js';
