import { DOCKER_HUB } from '../../schema/index.js';
import type { RuleCheck } from '../rule.js';
import { images } from './image-reference.js';

/*
 * simple.py `docker_login` stores the credentials under what stands before the first `/` of the name, whatever that is.
 * Docker looks for them under the registry's host, and for those of Docker Hub under a name of its own that is never
 * the one before a `/`: with `acme/sdk` as with `docker.io/acme/sdk` it sends none. Measured with the docker CLI.
 */
export const containerAuthRegistry: RuleCheck = {
  id: 'container-auth-registry',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { path, run, image } of images(context)) {
      if (image?.registry !== DOCKER_HUB || !run['container-auth']) continue;
      yield {
        path: `${path}/container`,
        message: 'The credentials are not used: Docker does not find them for an image of Docker Hub.',
        help: `Put the host of your registry in front, such as \`registry.example.org/${image.path}\`; for Docker Hub log the worker in.`,
        related: [{ path: `${path}/container-auth`, message: 'the credentials' }],
      };
    }
  },
};
