import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../lib/errors.js';
import type { CreatedRundef } from '../../simulator/plan/create-rundefs.js';
import { folderName } from '../../simulator/workspace/workspace-names.js';

/**
 * Writes rundefs to disk, 0600 since secrets are in them: one run to the file `path`, unless
 * that ends in `/`; several to `path/TRIGGER/RUN.json`.
 */
export async function writeRundefs(path: string, created: readonly CreatedRundef[]): Promise<void> {
  try {
    for (const entry of created) {
      if (!('runDefinition' in entry)) continue;
      const single = created.length === 1 && !path.endsWith('/');
      const folder = join(path, folderName(entry.trigger));
      if (!single) await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = single ? path : join(folder, `${folderName(entry.run)}.json`);
      await writeFile(file, `${JSON.stringify(entry.runDefinition, null, 2)}\n`, { mode: 0o600 });
    }
  } catch (error) {
    throw new UsageError(`The run definitions cannot be written to ${path}: ${(error as Error).message}.`);
  }
}
