/** One run that is going to be simulated, and which image and folder it gets. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Source, workspaceAt } from '../../executor/index.js';
import { isHostFolder } from '../../git/index.js';
import { folderName, UsageError } from '../../lib/index.js';
import type { RunDefinition, StringMap } from '../../schema/index.js';
import type { Difference } from '../inputs/ledger.js';
import { LocalRun } from '../run-server/local-run.js';
import { runPath, type ServedBuild } from '../run-server/served-run.js';
import { CONSOLE, volumesBeside, volumesIn } from '../workspace/workspace-names.js';

/** A run with all that was decided about it before anything starts. */
export interface PlannedRun {
  trigger: string;
  run: string;
  /** As a worker would hand it to the executor. */
  rundef: RunDefinition;
  /** Values in it that a server would have known and that were made up: name → what stands there. */
  madeUp: StringMap;
  /** What differs from the worker's run already. */
  differences: Difference[];
  /** Why a server fails it even when it has passed: a sentence. */
  serverFailure?: string;
  /** What differs because of what its script does, once that can be read. */
  scriptDifferences?: ((script: string) => Promise<Difference[]>) | undefined;
  /** What started it, with `--follow`: `trigger/run`, or the name of a trigger whose runs have all passed. */
  startedBy?: string;
  /** How the run's server shows it to scripts, and the runs of its build, in order: itself among them. */
  served: LocalRun;
  build: ServedBuild;
  /** Path of what triggered it, where that ran before this simulation (`--upstream`) and can be read. */
  upstream?: string | undefined;
  /** Where its repository and its script-repo come from. */
  source: Source;
  /** The run's workspace, absolute. */
  root: string;
  /** Where its persistent volumes are, absolute. */
  volumes: string;
}

export const labelOf = ({ trigger, run }: Pick<PlannedRun, 'trigger' | 'run'>): string => `${trigger}/${run}`;

export interface Places {
  /** `--workspace`. */
  workspace?: string | undefined;
  /** The user's cache folder. */
  cache: string;
}

/**
 * A run's folders: `--workspace` itself for one that is alone, else one below it or below the cache.
 *
 * @param folder names the folder above the run's own: its trigger, as a rule
 */
export function placeOf(
  { project, run }: { project: string; run: string },
  folder: string,
  { workspace, cache }: Places,
  alone: boolean,
): Pick<PlannedRun, 'root' | 'volumes'> {
  const given = workspace === undefined ? undefined : resolve(workspace);
  const parent = given ?? join(cache, folderName(project));
  const root = alone && given !== undefined ? given : join(parent, folderName(folder), folderName(run));
  return { root, volumes: given === undefined ? volumesIn(cache) : volumesBeside(given) };
}

/** Adds a run to its build, in the place of an earlier one of its name. */
export function inBuild(run: Omit<PlannedRun, 'served' | 'build'>, build: ServedBuild): PlannedRun {
  const console = join(run.root, CONSOLE);
  const served = new LocalRun(run.rundef, { archive: workspaceAt(run.root).archive, console });
  const path = runPath(served);
  // Without this it would keep the place of the earlier one.
  build.delete(path);
  build.set(path, served);
  return { ...run, served, build };
}

/** @throws UsageError for two runs that would have one workspace */
export function checkPlaces(planned: readonly PlannedRun[]): void {
  const taken = new Set<string>();
  for (const run of planned) {
    if (taken.has(run.root)) {
      throw new UsageError(
        `${labelOf(run)} was named twice, and both would have the workspace ${run.root}. Simulate one after the other.`,
      );
    }
    taken.add(run.root);
  }
}

/** What runs get in the place of their own: image FROM → TO, and shared volume NAME → PATH. */
export interface Replacements {
  images: StringMap;
  sharedVolumes: StringMap;
  /** Of those that no flag gave: the file or variable that did. A run need not have them. */
  origins?: { images: StringMap; sharedVolumes: StringMap } | undefined;
}

/** The run with the image that `--image` or a default names in the place of its own. */
export function withImage<T extends Pick<PlannedRun, 'rundef' | 'differences'>>(
  run: T,
  { images, origins }: Pick<Replacements, 'images' | 'origins'>,
): T {
  const { container } = run.rundef;
  const mapped = Object.hasOwn(images, container) ? images[container] : undefined;
  if (mapped === undefined) return run;
  // Credentials of the one registry are not for the other.
  const rundef = { ...run.rundef, container: mapped, 'container-auth': null };
  const place = Object.hasOwn(origins?.images ?? {}, container)
    ? `a default of ${origins?.images[container]}`
    : '--image';
  const message = `The image was ${mapped} instead of ${container} (${place}).`;
  return { ...run, rundef, differences: [...run.differences, { kind: 'image-mapped', message }] };
}

/**
 * @param containers of all runs that there may be
 * @throws UsageError for a mapping that no run needs
 */
export function checkImages(
  { images, origins }: Pick<Replacements, 'images' | 'origins'>,
  containers: readonly string[],
): void {
  const unused = Object.keys(images).filter(
    (from) => !containers.includes(from) && !Object.hasOwn(origins?.images ?? {}, from),
  );
  if (unused.length === 0) return;
  const used = [...new Set(containers)].join(', ');
  throw new UsageError(`--image maps ${unused.join(', ')}, and no run here uses that. They use ${used}.`);
}

/**
 * @param wanted `shared-volumes` of all runs that there may be
 * @throws UsageError for a volume of a flag that none of them has, and for a default whose folder does not exist
 */
export function checkSharedVolumes(
  { sharedVolumes, origins }: Pick<Replacements, 'sharedVolumes' | 'origins'>,
  wanted: readonly (StringMap | null | undefined)[],
): void {
  const names = [...new Set(wanted.flatMap((one) => Object.keys(one ?? {})))];
  for (const [name, origin] of Object.entries(origins?.sharedVolumes ?? {})) {
    const path = sharedVolumes[name] ?? '';
    if (!names.includes(name) || existsSync(path)) continue;
    throw new UsageError(
      `${origin} has the folder ${path} for the shared volume ${name}, and it does not exist. Name one that does, there or with --shared-volume ${name}=PATH.`,
    );
  }
  const unused = Object.keys(sharedVolumes).filter(
    (name) => !names.includes(name) && !Object.hasOwn(origins?.sharedVolumes ?? {}, name),
  );
  if (unused.length === 0) return;
  const have = names.length === 0 ? 'They have none at all' : `They have ${names.join(', ')}`;
  throw new UsageError(`--shared-volume names ${unused.join(', ')}, and no run here has such a volume. ${have}.`);
}

/** Scripts that lie in a folder of this machine are not where a worker would look for them. */
export function hostScripts({ 'script-repo': scripts }: RunDefinition): Difference[] {
  const url = scripts?.['clone-url'];
  if (url === undefined || !isHostFolder(url)) return [];
  const message = `The script-repo ${url} is a folder of this machine, which a worker does not have.`;
  return [{ kind: 'unpushed', message }];
}
