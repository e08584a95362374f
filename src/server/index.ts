/** Clients of the JobServ server, of GitHub and of GitLab. Other folders import what is named here, and nothing else of this one. */

export {
  isAddress,
  isBuildUrl,
  parseHttpUrl,
  parseRunUrl,
  pathSegment,
  type RunAddress,
  runByPattern,
  withoutSecrets,
} from './address.js';
export { Allowance } from './allowance.js';
export { createSigned, MOST_NAMES, type SignedUpload, upload } from './artifacts.js';
export type { Body } from './call.js';
export { type Appended, appendConsole, type RunCredentials, readConsole } from './console.js';
export { type Credentials, credentialsFor, tokenHeader } from './credentials.js';
export {
  mergeRequestIdentity,
  mergeRequestParams,
  parseMergeRequest,
  parsePullRequest,
  pullRequestIdentity,
  pullRequestParams,
  setGithubStatus,
  setGitlabStatus,
} from './forges.js';
export { HttpClient, type HttpSettings } from './http.js';
export { parse } from './jsend.js';
export { readBuildRuns, readRun, readRunDefinition, type ServerRun, validateDefinition } from './run.js';
export { ServerFailure } from './server-failure.js';
export { readTests, sendTest } from './tests.js';
export { type CheckedIn, type CheckIn, WorkerClient, type WorkerProperties } from './workers.js';

// For tests of this folder; no other folder uses them.

export { nextCall } from './attempts.js';
export type { WorkerIdentity } from './workers.js';
