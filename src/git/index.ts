/** The git command: checkouts, clones, and what of a repository a run sees. Other folders import what is named here, and nothing else of this one. */

export { captureWorkingTree, ignoredAmong, type Snapshot } from './capture.js';
export { isHttp } from './credentials.js';
export { GitError } from './git.js';
export { isHostFolder, withoutCredentials } from './guard.js';
export { seenTree } from './ignored.js';
export { fileUrl } from './pushed.js';
export {
  chosenRemote,
  currentBranch,
  gitTools,
  type RepositoryInfo,
  type RepositoryPaths,
  readUser,
  repositoryFolder,
  repositoryInfo,
  repositoryPaths,
} from './repository.js';
export { gitSource, workingTreeSource } from './source.js';

// For tests of this folder; no other folder uses them.

export { runEnvironment, userEnvironment } from './environment.js';
export { gitFailure } from './failure.js';
export { readGit } from './git.js';
