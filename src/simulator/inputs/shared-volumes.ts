/** `--shared-volume NAME=PATH`: the folders of this machine that stand for those of a worker's settings. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../../lib/errors.js';
import type { StringMap } from '../../schema/model.js';
import { readPairs } from './pairs.js';

/** Name → absolute path. @throws UsageError for a flag that says less, or a path where nothing is */
export function readSharedVolumes(flags: readonly string[]): StringMap {
  const volumes = readPairs('shared-volume', flags);
  for (const [name, path] of Object.entries(volumes)) {
    volumes[name] = resolve(path);
    if (existsSync(path)) continue;
    throw new UsageError(`--shared-volume ${name}=${path}: ${volumes[name]} is not there. Name a folder that is.`);
  }
  return volumes;
}

/**
 * @param wanted `shared-volumes` of all runs that there may be
 * @throws UsageError for a volume that none of them has
 */
export function checkSharedVolumes(volumes: StringMap, wanted: readonly (StringMap | null | undefined)[]): void {
  const known = [...new Set(wanted.flatMap((one) => Object.keys(one ?? {})))];
  const unused = Object.keys(volumes).filter((name) => !known.includes(name));
  if (unused.length === 0) return;
  const have = known.length === 0 ? 'They have none at all' : `They have ${known.join(', ')}`;
  throw new UsageError(`--shared-volume names ${unused.join(', ')}, and no run here has such a volume. ${have}.`);
}
