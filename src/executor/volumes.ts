/** The folders of this host that are mounted as volumes, and where persistent ones lie. */
import { readdirSync } from 'node:fs';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { folderName, makeFolder, makeFolderBelow, readBoundedText, writeAtomically } from '../lib/index.js';
import { RunFailure } from './ports.js';

const CERTIFICATES = '/usr/local/share/ca-certificates';

/** The host's own certificates, which every run sees (SPEC 3): the folder to mount; undefined where it is empty or cannot be read. */
export function certificatesFolder(): string | undefined {
  try {
    return readdirSync(CERTIFICATES).length > 0 ? CERTIFICATES : undefined;
  } catch {
    return undefined;
  }
}

/** As the server has it for names of volumes; the two that are no names are not. */
const VOLUME_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9_.-]+$/;

/** @throws RunFailure(setup) */
export function checkVolumeName(name: string): void {
  if (VOLUME_NAME.test(name)) return;
  throw new RunFailure(
    'setup',
    `A volume cannot be named ${JSON.stringify(name)}: letters, digits, "_", "." and "-" only.`,
  );
}

/**
 * The folder of a persistent volume, `<volumes>/<project>/<name>`, made when it is not there: readable by any user in
 * a container, but below folders that no other user of the host may enter. A project's name is one folder, because
 * `acme/x/y` as three would lie in the volume `x` of `acme`, where a container may have put a link.
 *
 * @param options.nested the reference's worker kept volumes here too: its folders for names like `acme/x` are used
 * @throws RunFailure(setup)
 */
export async function persistentVolume(
  volumes: string,
  project: string,
  name: string,
  options: { nested?: boolean } = {},
): Promise<string> {
  checkVolumeName(name);
  await makeFolder(volumes);
  await chmod(volumes, 0o700);
  const nested = options.nested ? await nestedProjects(volumes) : [];
  if (nested.includes(project)) return below(volumes, [...project.split('/'), name]);
  return below(volumes, [folderName(project), name]);
}

async function below(volumes: string, [...names]: string[]): Promise<string> {
  try {
    return await makeFolderBelow(volumes, names, 0o755);
  } catch (error) {
    throw new RunFailure(
      'setup',
      `The persistent volume ${names.at(-1)} cannot be mounted. ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

const NESTED = '.nested-projects.json';
/** Parts that a project's name may have; the reference's server knows of one or two. */
const MOST_PARTS = 4;
const MOST_NESTED = 10_000;

/**
 * Folders that may be those of a nested project, `acme/x`, listed once, before a run of ours could make one: what a
 * container makes in a volume from then on is never taken for a project.
 */
async function nestedProjects(volumes: string): Promise<string[]> {
  const path = join(volumes, NESTED);
  if (
    await lstat(path).then(
      () => true,
      () => false,
    )
  )
    return JSON.parse(await readBoundedText(path));
  const found: string[] = [];
  let level = [''];
  for (let depth = 1; depth <= MOST_PARTS && found.length < MOST_NESTED; depth++) {
    const next: string[] = [];
    for (const project of level) {
      const entries = await readdir(join(volumes, project), { withFileTypes: true }).catch(() => []);
      for (const entry of entries) if (entry.isDirectory()) next.push(join(project, entry.name));
    }
    if (depth > 1) found.push(...next);
    level = next.slice(0, MOST_NESTED);
  }
  const projects = found.slice(0, MOST_NESTED);
  await writeAtomically(path, JSON.stringify(projects));
  return projects;
}
