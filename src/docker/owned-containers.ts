/** The containers that were made here: each carries its maker's mark, and goes when its maker is gone. */
import type Docker from 'dockerode';
import { RunFailure } from '../executor/index.js';
import { retry } from '../lib/index.js';
import { engineFailure, engineWords, isUnreachable, refuseAnswer, statusOf, within } from './client.js';
import { type OwnerState, ownerState } from './process-owner.js';

/** On every container that this program makes; its value identifies the maker. */
export const OWNER_LABEL = 'io.jobserv.owner';

export interface OwnedContainer {
  id: string;
  name: string;
  image: string;
  labels: Record<string, string>;
  running: boolean;
  /** Whether its process has ever been started. */
  started: boolean;
  owner: OwnerState;
}

export async function listOwned(client: Docker, callMs: number): Promise<OwnedContainer[]> {
  const found = await within(callMs, async (abortSignal) => {
    const list = await client.listContainers({ all: true, filters: { label: [OWNER_LABEL] }, abortSignal });
    return Array.isArray(list) && list.every(isContainer) ? list : refuseAnswer();
  }).catch((error: unknown) => {
    throw engineFailure('The containers of earlier runs could not be listed', error);
  });
  return Promise.all(
    found.map(async ({ Id, Names, Image, Labels, State }) => ({
      id: Id,
      name: String(Names?.[0] ?? Id.slice(0, 12)).replace(/^\//, ''),
      image: Image,
      labels: Labels,
      running: State === 'running',
      started: State !== 'created',
      owner: await ownerState(Labels[OWNER_LABEL] ?? ''),
    })),
  );
}

const isContainer = (one: Partial<Docker.ContainerInfo> | null): boolean =>
  typeof one?.Id === 'string' && typeof one.Labels?.[OWNER_LABEL] === 'string';

/** Removes the containers whose maker is dead, running ones too; answers them. Others are left alone. */
export async function sweep(client: Docker, callMs: number): Promise<OwnedContainer[]> {
  const dead = (await listOwned(client, callMs)).filter(({ owner }) => owner === 'dead');
  await Promise.all(dead.map(({ id }) => removeContainer(client.getContainer(id), callMs)));
  for (const name of await deadVolumes(client, callMs)) await removeVolume(client, name, callMs);
  return dead;
}

/** Volumes with this label, `key` or `key=value`; none where the engine has no volumes, or shows none. */
export async function ownVolumes(client: Docker, callMs: number, label: string): Promise<Docker.VolumeInspectInfo[]> {
  const options = { filters: { label: [label] } } as unknown as Docker.VolumeListOptions;
  const listed = within(callMs, async () => {
    const volumes: Partial<Docker.VolumeInspectInfo | null>[] = (await client.listVolumes(options)).Volumes ?? [];
    if (!Array.isArray(volumes) || volumes.some((one) => typeof one?.Name !== 'string')) refuseAnswer();
    return volumes as Docker.VolumeInspectInfo[];
  });
  return listed.catch((error: unknown) => {
    if (statusOf(error) === undefined) throw engineFailure('The volumes of earlier runs could not be listed', error);
    return [];
  });
}

/** The volumes whose maker is dead. */
export async function deadVolumes(client: Docker, callMs: number): Promise<string[]> {
  const dead: string[] = [];
  for (const { Name, Labels } of await ownVolumes(client, callMs, OWNER_LABEL)) {
    if ((await ownerState(String(Labels?.[OWNER_LABEL] ?? ''))) === 'dead') dead.push(Name);
  }
  return dead;
}

const WAITS_MS = [50, 200, 500, 1000, 2000, 4000];

/**
 * Force-removes a container and its anonymous volumes. Resolves when the engine says that
 * it is gone; gone already is as good. A removal in progress is waited for.
 *
 * @throws RunFailure(lost) when the engine does not do it
 */
export async function removeContainer(container: Docker.Container, callMs: number): Promise<void> {
  const short = container.id.slice(0, 12);
  const remove = () => within(callMs, () => container.remove({ force: true, v: true }));
  await insist(remove, `Container ${short} could not be removed`, `docker rm -f ${short}`);
}

/** As `removeContainer`. */
export async function removeVolume(client: Docker, name: string, callMs: number): Promise<void> {
  const remove = () => within(callMs, () => client.getVolume(name).remove());
  await insist(remove, `Volume ${name} could not be removed`, `docker volume rm ${name}`);
}

async function insist(remove: () => Promise<unknown>, what: string, byHand: string): Promise<void> {
  const attempt = async () => {
    await remove().catch((error: unknown) => {
      if (statusOf(error) !== 404) throw error;
    });
  };
  await retry(attempt, { waits: WAITS_MS }).catch((error: unknown) => {
    const message = `${what}: ${engineWords(error)}. Remove it with "${byHand}", or let "jobserv prune" do it.`;
    throw new RunFailure('lost', message, {
      cause: error,
      ...(isUnreachable(error) ? { environment: 'engine' } : {}),
    });
  });
}
