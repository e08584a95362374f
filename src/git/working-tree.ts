/** The source of a simulation: the user's working tree, as a worker would see it had it been pushed. */
import { copyFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepositoryRequest, Source } from '../executor/ports.js';
import type { Snapshot } from './capture.js';
import { checkoutCommit, updateSubmodules } from './clone.js';
import { writeCredentials } from './credential-files.js';
import { runEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import { makeFolder } from './files.js';
import { readGit, streamGit } from './git.js';
import { checkUrl } from './guard.js';
import { hasLfs, setUpLfs } from './lfs.js';
import type { SourceOptions } from './remote-source.js';
import { replicate } from './replica.js';
import { RETRY_WAITS } from './retry.js';
import { cloneScripts } from './script-repository.js';
import { offerSubmodules } from './submodules.js';

/**
 * Every checkout gets the same commit in a clone of its own. `origin` is the run's
 * GIT_URL, or else the repository's own remote. Script-repos are cloned as always.
 */
export function workingTreeSource(snapshot: Snapshot, { waits = RETRY_WAITS }: SourceOptions = {}): Source {
  return {
    checkout: (request) => placeSnapshot(snapshot, request, waits),
    checkoutScripts: (request) => cloneScripts(request, waits),
  };
}

async function placeSnapshot(snapshot: Snapshot, request: RepositoryRequest, waits: readonly number[]): Promise<void> {
  const { directory, home, log, signal } = request;
  const env = runEnvironment(home);
  const url = request.env['GIT_URL'] || undefined;
  if (url !== undefined) checkUrl(url, 'GIT_URL');
  await log.info(`Taking the working tree at ${snapshot.paths.toplevel}: ${describe(snapshot)}`);
  for (const note of snapshot.notes) await log.warn(note);

  const gitDir = join(directory, '.git');
  const { paths: source, scratch, sha, branch } = snapshot;
  try {
    const objects = [join(scratch, 'objects')];
    await replicate({ source, objects, tip: { sha, branch }, url, gitDir, env, signal });
    const hasSubmodules = await offerSubmodules({ gitDir, source, env, signal }, sha);
    const lfs = await hasLfs();
    // Servers are asked for submodules and large files only, and so are those who guard them.
    if (hasSubmodules || lfs) await writeCredentials({ ...request, cloneUrl: url ?? '' }, request);
    if (lfs) {
      await setUpLfs({ ...request, env });
      await copyLargeFiles(snapshot, request);
    }
    // As many workers as there are cores: writing the files is what takes the time.
    await checkoutCommit(directory, sha, request, ['-c', 'checkout.workers=0']);
    if (hasSubmodules) {
      await updateSubmodules(directory, request, waits);
      // Those that came from the user's disk have the user's addresses; a worker's are relative to GIT_URL.
      await streamGit({ args: ['submodule', '--quiet', 'sync', '--recursive'], cwd: directory, env, signal }, log);
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw gitFailure('Could not make a clone of the working tree', error);
  }
}

function describe({ sha, dirty, branch }: Snapshot): string {
  const where = branch === undefined ? 'detached HEAD' : `branch ${branch}`;
  return `${where}, ${dirty === 0 ? 'nothing uncommitted' : `${dirty} uncommitted files`}, commit ${sha}`;
}

/** The LFS files of the commit, where the user has them: what is not pushed cannot be downloaded. */
async function copyLargeFiles({ paths, scratch, sha }: Snapshot, request: RepositoryRequest): Promise<void> {
  const { directory, home, signal } = request;
  const args = ['lfs', 'ls-files', '--long', sha];
  const output = (await readGit({ args, cwd: directory, env: runEnvironment(home), signal })).toString();
  for (const [oid] of output.matchAll(/^[0-9a-f]{64}(?= )/gm)) {
    const path = join('objects', oid.slice(0, 2), oid.slice(2, 4), oid);
    const target = join(directory, '.git/lfs', path);
    await makeFolder(dirname(target));
    for (const store of [join(scratch, 'lfs'), join(paths.commonDir, 'lfs')]) {
      await copyFile(join(store, path), target).catch((error) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}
