/** What a container's users left on the host, and this process's user may not touch: done by a container's root. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContainerEngine, type ContainerSpec, RunFailure } from '../executor/index.js';
import { notRemoved, removeTree, systemWords, withoutTrailing } from '../lib/index.js';

/** An engine that sees this machine's files. */
type Seeing = Pick<ContainerEngine, 'create'>;

const TREE = '/tree';
const REMOVAL_MS = 120_000;
const OWNERSHIP_MS = 60_000;

/**
 * What some `rm` leave: folders whose path is too long. Each one that is left gives its folders to the top, where their
 * paths are short, until there is none left.
 */
const REMOVE_DEEP = `cd ${TREE} && n=0 && while :; do
  rm -rf -- * .[!.]* ..?* 2>/dev/null
  moved=
  for f in ./* ./.[!.]* ./..?*; do
    [ -d "$f" ] && [ ! -L "$f" ] || continue
    for inner in "$f"/* "$f"/.[!.]* "$f"/..?*; do
      [ -d "$inner" ] && [ ! -L "$inner" ] || continue
      mv "$inner" "./moved-$n" && moved=1
      n=$((n+1))
    done
  done
  [ -n "$moved" ] || exit 0
done`;
const REMOVALS = [
  // It cannot remove the mount's own top: its exit status says nothing.
  { entrypoint: '/bin/rm', command: ['-rf', TREE] },
  { entrypoint: '/bin/sh', command: ['-c', REMOVE_DEEP] },
];

/**
 * Empties the tree from inside of a container, as root, then removes its top, which is
 * ours. Only the tree itself is mounted: the image's `rm` sees nothing else.
 *
 * @param images tried in order; one that is not there or has no /bin/rm is skipped
 * @throws RunFailure(setup) when the tree is still there
 */
export async function removeTreeInside(engine: Seeing, path: string, images: string[]): Promise<void> {
  const reasons = new Set<string>();
  for (const [image, program] of images.flatMap((one) => REMOVALS.map((removal) => [one, removal] as const))) {
    const why = await runAsRoot(engine, rootSpec(image, path, program), REMOVAL_MS);
    try {
      // What the container left: its top, and with an engine that does not see it the whole tree.
      await removeTree(path);
      return;
    } catch (error) {
      reasons.add(withoutTrailing(why || systemWords((error as Error).cause ?? error), '.'));
    }
  }
  const why = [...reasons].join('; ') || 'no image with /bin/rm is there';
  throw new RunFailure('setup', notRemoved(path, why));
}

/**
 * For every image with a shell, also one without `find`. A device node that belonged to the user would be a way to the
 * host's disks; `cd` instead of paths, since a tree may be deeper than a path can be, and `-P`, since a shell otherwise
 * goes by the whole path all the same. Links are not entered.
 */
const REMOVE_DEVICES = `clean() { for f in * .[!.]* ..?*; do
  if [ -L "$f" ]; then :
  elif [ -b "$f" ] || [ -c "$f" ]; then rm -f "./$f"
  elif [ -d "$f" ]; then (cd -P "./$f" && clean)
  fi
done; }
cd ${TREE} && clean`;

/**
 * Gives what is below `folder` to the user of this process, from inside a container of the run's own image: without
 * device nodes, which are removed, and without the setuid and setgid bits.
 *
 * @param rootless whether the engine runs as this process's user, who is root in the container then
 * @returns why it could not be done; undefined when all is the user's
 */
export async function takeOwnership(
  engine: Seeing,
  image: string,
  folder: string,
  rootless: () => Promise<boolean>,
): Promise<string | undefined> {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  // For root, and where there are no users, nothing is out of reach.
  if (uid === 0 || !(await holdsForeign(folder, uid, true))) return undefined;
  const owner = (await rootless()) ? '0:0' : `${uid}:${gid}`;
  const script = `${REMOVE_DEVICES} && chown -hR ${owner} ${TREE} && chmod -R u+rwX,ug-s ${TREE}`;
  const spec = rootSpec(image, folder, { entrypoint: '/bin/sh', command: ['-c', script] });
  const reason = await runAsRoot(engine, spec, OWNERSHIP_MS);
  if (!(await holdsForeign(folder, uid, false))) return undefined;
  const why = reason || 'the image has no /bin/chown that does it';
  return `Files below ${folder} belong to the container's user: ${why}. Take them with: sudo chown -R ${uid} "${folder}".`;
}

/** @param tooDeep what is assumed of that which lies deeper than a path can be */
async function holdsForeign(folder: string, uid: number, tooDeep: boolean): Promise<boolean> {
  const unseen = ({ code }: NodeJS.ErrnoException) => (code === 'ENAMETOOLONG' ? tooDeep : code !== 'ENOENT');
  const found = await lstat(folder).catch(unseen);
  if (typeof found === 'boolean') return found;
  if (found.uid !== uid) return true;
  // A folder that may not be read is somebody else's in all but name.
  const entries: Dirent[] | boolean = await readdir(folder, { withFileTypes: true }).catch(unseen);
  if (typeof entries === 'boolean') return entries;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    // A device node is never the user's, whatever its owner is.
    if (entry.isBlockDevice() || entry.isCharacterDevice()) return true;
    const foreign = entry.isDirectory()
      ? await holdsForeign(path, uid, tooDeep)
      : await lstat(path).then((file) => file.uid !== uid, unseen);
    if (foreign) return true;
  }
  return false;
}

function rootSpec(
  image: string,
  source: string,
  program: Pick<ContainerSpec, 'entrypoint' | 'command'>,
): ContainerSpec {
  return {
    image,
    ...program,
    user: '0',
    workingDir: '/',
    env: [],
    mounts: [{ source, target: TREE, readOnly: false }],
    privileged: false,
    capAdd: [],
    capDrop: [],
    labels: {},
  };
}

/** Answers why it did not work; empty when the engine has nothing to complain of. */
async function runAsRoot(engine: Seeing, spec: ContainerSpec, boundMs: number): Promise<string> {
  try {
    const container = await engine.create(spec, AbortSignal.timeout(boundMs));
    try {
      await container.start(() => {});
      return (await container.wait()).error ?? '';
    } finally {
      await container.dispose();
    }
  } catch (error) {
    return (error as Error).message;
  }
}
