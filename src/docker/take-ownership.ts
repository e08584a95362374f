/** A container's root leaves files of root; the user who simulates wants to own them. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerEngine } from '../executor/ports.js';

const TREE = '/tree';
const BOUND_MS = 60_000;

/**
 * Gives what is below `folder` to the user of this process, from inside a container of the run's own image.
 *
 * @returns why it could not be done; undefined when all is the user's
 */
export async function takeOwnership(
  engine: ContainerEngine,
  image: string,
  folder: string,
): Promise<string | undefined> {
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // For root, and where there are no users, nothing is out of reach.
  if (user.uid === 0 || !(await holdsForeign(folder, user.uid))) return undefined;
  const reason = await changeOwner(engine, image, folder, user).catch((error: Error) => error.message);
  if (!(await holdsForeign(folder, user.uid))) return undefined;
  const why = reason ?? 'the image has no /bin/chown that does it';
  return `Files below ${folder} belong to the container's user: ${why}. Take them with: sudo chown -R ${user.uid} "${folder}".`;
}

async function holdsForeign(folder: string, uid: number): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return false;
  if (found.uid !== uid) return true;
  // A folder that may not be read is somebody else's in all but name.
  const entries: Dirent[] | undefined = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() ? await holdsForeign(path, uid) : (await lstat(path)).uid !== uid) return true;
  }
  return false;
}

async function changeOwner(
  engine: ContainerEngine,
  image: string,
  folder: string,
  { uid, gid }: { uid: number; gid: number },
): Promise<string | undefined> {
  const spec = {
    image,
    entrypoint: '/bin/sh',
    command: ['-c', `chown -hR ${uid}:${gid} ${TREE} && chmod -R u+rwX ${TREE}`],
    user: '0',
    workingDir: '/',
    env: [],
    mounts: [{ source: folder, target: TREE, readOnly: false }],
    privileged: false,
    capAdd: [],
    capDrop: [],
    labels: {},
  };
  const container = await engine.create(spec, AbortSignal.timeout(BOUND_MS));
  try {
    await container.start(() => {});
    return (await container.wait()).error;
  } finally {
    await container.dispose();
  }
}
