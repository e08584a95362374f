/** Removes a folder, root-owned files of containers included; the engine is only used where it is needed. */
import { removeTree as removeOwnTree } from '../lib/remove-tree.js';

/** @throws RunFailure(setup) when it is still there */
export async function removeTree(path: string): Promise<void> {
  try {
    await removeOwnTree(path);
  } catch {
    // What is in the way here may be no obstacle for the engine's root.
    const { connectEngine } = await import('../docker/engine.js');
    const engine = await connectEngine({ logDriver: 'none' });
    await engine.removeTree(path);
  }
}
