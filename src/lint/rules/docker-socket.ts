import type { RuleCheck } from '../rule.js';
import { cleanPath, volumesOf } from '../volumes.js';

/** Sockets by which an engine takes orders. */
const ENGINE_SOCKET = /\/(?:docker|podman|containerd|crio|buildkitd)\.sock$/;

/*
 * jobserv_worker.py `_update_shared_volumes_mapping` mounts whatever path the worker's settings give a shared volume.
 */
export const dockerSocket: RuleCheck = {
  id: 'docker-socket',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, run } of context.runs) {
      for (const volume of volumesOf(context, path, run)) {
        if (!ENGINE_SOCKET.test(cleanPath(volume.target.split(':')[0] ?? ''))) continue;
        yield {
          path: volume.path,
          message: "With the engine's socket the run has its worker; what it starts there is not ended with it.",
          help: 'Build images with a tool that needs no engine, or on workers that are meant for it.',
        };
      }
    }
  },
};
