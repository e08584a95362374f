/** Removes a folder, root-owned files of containers included; the engine is only asked where it is needed. */
import { rm } from 'node:fs/promises';

/** @throws RunFailure(setup) when it is still there */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    // Whatever was in the way, the engine's root passes it by, or says why not.
    const { connectEngine } = await import('../docker/engine.js');
    const engine = await connectEngine({ logDriver: 'none' });
    await engine.removeTree(path);
  }
}
