import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Rule } from '../rule.js';
import { cleanPath, volumesOf } from './volumes.js';

/** Rules about runs that can do more to their worker than build something. */

const RUN = `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
`;

/*
 * simple.py `docker_run` adds `--privileged`: all capabilities, all devices, no seccomp and no AppArmor.
 */
export const privileged: Rule = {
  id: 'privileged',
  severity: 'warning',
  server: 'accepts',
  summary: 'A run that is root on its worker.',
  explain: {
    why: 'A privileged container has all capabilities, all devices of the machine, and none of the filters that shield it. Whoever can change the script, in a pull request say, has the worker, and the secrets of every run on it. Often one capability is all that is needed; where it is not, such runs belong on workers of their own.',
    bad: `${RUN}        privileged: true
        script: build
${SCRIPTS}`,
    good: `${RUN}        cap-add: [NET_ADMIN]
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, run } of context.runs) {
      if (run['privileged'] !== true || !context.isSound(`${path}/privileged`)) continue;
      yield {
        path: `${path}/privileged`,
        message: 'A privileged run is root on its worker; the machine, and all other runs on it, are not safe from it.',
        help: 'Give it the capabilities that it needs with `cap-add`, if they will do, and workers that are meant for it.',
      };
    }
  },
};

/** Sockets by which an engine takes orders. */
const ENGINE_SOCKET = /\/(?:docker|podman|containerd|crio|buildkitd)\.sock$/;

/*
 * jobserv_worker.py `_update_shared_volumes_mapping` mounts whatever path the worker's settings give a shared volume.
 */
export const dockerSocket: Rule = {
  id: 'docker-socket',
  severity: 'warning',
  server: 'accepts',
  summary: "A run that gives orders to its worker's container engine.",
  explain: {
    why: "Whoever can write to the engine's socket can start a container with the whole machine mounted in it: it is the same as being root on the worker. A container that the script starts there is not the run's either. It goes on when the run is over, cancelled or late, and its paths are the worker's.",
    bad: `${RUN}        shared-volumes:
          engine: /var/run/docker.sock
        script: build
${SCRIPTS}`,
    good: `${RUN}        shared-volumes:
          downloads: /srv/downloads
        script: build
${SCRIPTS}`,
  },
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
