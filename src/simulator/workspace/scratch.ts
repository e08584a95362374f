/** A folder for what is needed only for a while: the objects of an uncommitted tree, a server's console. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { removeTree, removeTreeNow } from '../../lib/index.js';
import { lockWorkspace, type WorkspaceLock } from './workspace-lock.js';
import { cacheFolder, locksIn, makeCacheFolder, scratchIn } from './workspace-names.js';

/** Found and removed by a later simulation if this one is killed. */
export class Scratch {
  readonly cache: string;
  #path: string | undefined;
  #lock: WorkspaceLock | undefined;

  constructor(cache = cacheFolder()) {
    this.cache = cache;
  }

  async folder(): Promise<string> {
    const path = join(scratchIn(this.cache), randomBytes(8).toString('hex'));
    this.#lock = await lockWorkspace(locksIn(this.cache), path);
    this.#path = path;
    return makeCacheFolder(path);
  }

  /** For the last moment of the process. */
  removeNow(): void {
    if (this.#path !== undefined) removeTreeNow(this.#path);
  }

  async remove(): Promise<void> {
    if (this.#path !== undefined) await removeTree(this.#path);
    this.#lock?.release();
  }
}
