/** Run folders that can neither be gone on with nor removed: out of the way, without their secrets, for a person to look at. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { workerFolderOf } from './run-state.js';

/** What of a run's folder may hold a secret and is not part of a script's own tree. */
const SECRETS = ['secrets', '.netrc', '.curlrc', '.gitconfig', 'rundef.json'];

/** Moves a run's folder to `set-aside/`, so that it takes no slot any more. @returns its new path */
export async function setAside(run: string): Promise<string> {
  const away = join(workerFolderOf(run), 'set-aside');
  for (const name of SECRETS) await rm(join(run, name), { recursive: true, force: true }).catch(() => {});
  await mkdir(away, { recursive: true, mode: 0o700 });
  const path = join(away, `${basename(run)}-${Date.now().toString(36)}`);
  await rename(run, path);
  return path;
}
