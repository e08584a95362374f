/** Removes what a container's root left on the host and its user may not remove. */
import { rm } from 'node:fs/promises';
import { type ContainerEngine, type ContainerSpec, RunFailure } from '../executor/ports.js';

const TREE = '/tree';
const BOUND_MS = 120_000;

/**
 * Empties the tree from inside of a container, as root, then removes its top, which is
 * ours. Only the tree itself is mounted: the image's `rm` sees nothing beside it.
 *
 * @param images tried in order; one that is not there or has no /bin/rm is passed over
 * @throws RunFailure(setup) when the tree is still there
 */
export async function removeTreeInside(engine: ContainerEngine, path: string, images: string[]): Promise<void> {
  const reasons: string[] = [];
  for (const image of images) {
    reasons.push(await empty(engine, path, image));
    try {
      await rm(path, { recursive: true, force: true });
      return;
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  const why = reasons.filter((reason) => reason !== '').join('; ') || 'no image with /bin/rm is there';
  throw new RunFailure('setup', `${path} could not be removed: ${why}. Remove it as root: sudo rm -rf "${path}".`);
}

/** Answers why it did not work, or nothing. `rm` cannot remove the mount's own top: its exit status says nothing. */
async function empty(engine: ContainerEngine, path: string, image: string): Promise<string> {
  const spec: ContainerSpec = {
    image,
    entrypoint: '/bin/rm',
    command: ['-rf', TREE],
    user: '0',
    workingDir: '/',
    env: [],
    mounts: [{ source: path, target: TREE, readOnly: false }],
    privileged: false,
    capAdd: [],
    capDrop: [],
    labels: {},
  };
  try {
    const container = await engine.create(spec, AbortSignal.timeout(BOUND_MS));
    try {
      await container.start(() => {});
      const { error } = await container.wait();
      return error ?? '';
    } finally {
      await container.dispose();
    }
  } catch (error) {
    return (error as Error).message;
  }
}
