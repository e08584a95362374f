/** The container engine, over dockerode. Other folders import what is named here, and nothing else of this one. */

export { type DockerSettings, dockerSettings, loadDockerConfig, proxyEnvironment } from './docker-config.js';
export { connectEngine, type DockerEngine } from './engine.js';
export type { HostAddress } from './host-address.js';
export type { Terminal } from './interactive.js';
export { currentBoot, currentOwner, ownerState } from './process-owner.js';
export { isRefusal, processExitCode } from './pull-failure.js';

// For tests of this folder; no other folder uses them.

export { ENGINE_LIMITS, type EngineLimits } from './client.js';
export type { ContainerConsole } from './console.js';
export { BrokenStream, FrameDemuxer, LogDemuxer, pumpFrames } from './demux.js';
export type { DockerConfig } from './docker-config.js';
export { awaitExit, cutFailure, engineGone } from './exit.js';
export { explainAttempts, findEngine, type Surroundings } from './find-engine.js';
export { addressFor, type EngineFacts } from './host-address.js';
export { takeOwnership } from './host-files.js';
export { imageInfo, parseImageReference } from './image.js';
export { converse } from './interactive.js';
export { createFailure, pullFailure, startFailure } from './pull-failure.js';
export { findCredentials } from './registry-credentials.js';
export { containerRequest } from './request.js';
export { packTrees, unpackTree } from './tree.js';
