/** Helpers that every folder needs. Other folders import what is named here, and nothing else of this one. */

export { EnvironmentError, machineFault, notWritten, systemWords, tooManyFiles, UsageError } from './errors.js';
export { type FileLock, takeFileLock } from './file-lock.js';
export {
  configFolder,
  folderName,
  foreignOwner,
  homeFolder,
  isBelow,
  makeFolder,
  makeFolderBelow,
  makeFolders,
  nameOfFolder,
} from './folders.js';
export { jsonObject, objectOf } from './json.js';
export { refuseSpecial, replaceContent, syncFolder, writeAtomically, writeFresh, writeNamed } from './private-file.js';
export {
  type Command,
  failureOf,
  type ProcessEnd,
  ProcessError,
  runProcess,
  runProcessSync,
  runWithOutput,
  startIndependent,
  startProcess,
  Tail,
} from './process.js';
export { childEnvironment, findProgram, hideFromPrograms, shellCommand } from './programs.js';
export { type NamedProxy, type Proxies, portOf, proxiesOfEnvironment, proxyFor } from './proxy.js';
export { duration, elapsed, formatSize, monotonicMs, plural } from './quantities.js';
export {
  ReadError,
  type ReadOptions,
  readBounded,
  readBoundedText,
  readChosen,
  readStreamBounded,
} from './read-bounded.js';
export {
  notRemoved,
  type RemoveAsRoot,
  type RemovedOrKept,
  removeOrSetAside,
  removeTree,
  removeTreeNow,
  setAside,
} from './remove-tree.js';
export { aborted, doubling, pause, retry } from './retry.js';
export {
  escapeInJson,
  escapeInXml,
  excerpt,
  HarmlessText,
  plainLine,
  printable,
  printableLines,
  withoutSequences,
  withoutTrailing,
} from './sanitise.js';
