import type { RuleCheck } from '../rule.js';
import { cleanPath, volumesOf } from '../runs.js';

/** Sockets through which an engine is controlled. */
const ENGINE_SOCKET = /\/(?:docker|podman|containerd|crio|buildkitd)\.sock$/;

/* jobserv_worker.py `_update_shared_volumes_mapping` mounts whatever path the worker's settings give a shared volume. */
export const dockerSocket: RuleCheck = {
  id: 'docker-socket',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const volume of context.runs.flatMap((run) => volumesOf(context, run))) {
      if (!ENGINE_SOCKET.test(cleanPath(volume.target.split(':')[0] ?? ''))) continue;
      yield {
        path: volume.path,
        message: "With the engine's socket the run controls its worker; what it starts there does not end with it.",
        help: 'Build images with a tool that needs no engine, or on workers that are meant for it.',
      };
    }
  },
};
