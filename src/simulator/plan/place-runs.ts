/** Which image and which folder each planned run gets. */
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../../lib/errors.js';
import { folderName } from '../../lib/folders.js';
import type { StringMap } from '../../schema/model.js';
import { volumesIn } from '../workspace/workspace-names.js';
import { labelOf, type PlannedRun } from './planned-run.js';

/**
 * @param containers of all runs that there may be
 * @throws UsageError for a mapping that no run needs
 */
export function checkImages(images: StringMap, containers: readonly string[]): void {
  const unused = Object.keys(images).filter((from) => !containers.includes(from));
  if (unused.length === 0) return;
  const used = [...new Set(containers)].join(', ');
  throw new UsageError(`--image maps ${unused.join(', ')}, and no run here uses that. They use ${used}.`);
}

export function mapImage({ rundef, differences }: PlannedRun, images: StringMap): void {
  const { container } = rundef;
  const mapped = Object.hasOwn(images, container) ? images[container] : undefined;
  if (mapped === undefined) return;
  rundef.container = mapped;
  // Credentials of the one registry are not for the other.
  rundef['container-auth'] = null;
  differences.push({ kind: 'image-mapped', message: `The image was ${mapped} instead of ${container} (--image).` });
}

export interface Places {
  /** `--workspace`. */
  workspace?: string | undefined;
  /** The user's cache folder. */
  cache: string;
}

/** Gives each run its folder: `--workspace` itself to one that is alone, else one below it or the cache. */
export function placeRuns(planned: readonly PlannedRun[], places: Places, alone = planned.length === 1): void {
  const taken = new Set<string>();
  for (const run of planned) {
    placeRun(run, run.trigger, places);
    if (alone && places.workspace !== undefined) run.root = resolve(places.workspace);
    if (taken.has(run.root)) {
      throw new UsageError(
        `${labelOf(run)} is asked for twice, and both would have the workspace ${run.root}. Simulate one after the other.`,
      );
    }
    taken.add(run.root);
  }
}

/** @param trigger names the folder above the run's own */
export function placeRun(run: PlannedRun, trigger: string, { workspace, cache }: Places): void {
  const given = workspace === undefined ? undefined : resolve(workspace);
  const parent = given ?? join(cache, folderName(run.rundef.project));
  run.root = join(parent, folderName(trigger), folderName(run.run));
  run.volumes = volumesIn(given === undefined ? cache : dirname(given));
}
