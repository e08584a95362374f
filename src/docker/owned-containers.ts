/** What we made and what is left of it: every container carries its maker's mark, and goes when its maker is gone. */
import type Docker from 'dockerode';
import { callOptions } from './endpoint.js';
import { setupFailure } from './engine-error.js';
import { within } from './engine-limits.js';
import { type OwnerState, ownerState } from './process-owner.js';
import { removeContainer } from './remove-container.js';

/** On every container that is made here; its value says who made it. */
export const OWNER_LABEL = 'io.jobserv.owner';

export interface OwnedContainer {
  id: string;
  name: string;
  image: string;
  labels: Record<string, string>;
  running: boolean;
  owner: OwnerState;
}

export async function listOwned(client: Docker, callMs: number): Promise<OwnedContainer[]> {
  const parameters = { all: true, filters: JSON.stringify({ label: [OWNER_LABEL] }) };
  const found = await within(callMs, () => client.listContainers(callOptions({ query: parameters }))).catch(
    (error: unknown) => {
      throw setupFailure('The containers of earlier runs could not be listed', error);
    },
  );
  return Promise.all(
    found.map(async ({ Id, Names, Image, Labels, State }) => ({
      id: Id,
      name: Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12),
      image: Image,
      labels: Labels,
      running: State === 'running',
      owner: await ownerState(Labels[OWNER_LABEL] ?? ''),
    })),
  );
}

/** Removes the containers whose maker is dead, running ones too; answers them. Others are left alone. */
export async function sweep(client: Docker, callMs: number): Promise<OwnedContainer[]> {
  const dead = (await listOwned(client, callMs)).filter(({ owner }) => owner === 'dead');
  await Promise.all(dead.map(({ id }) => removeContainer(client.getContainer(id), callMs)));
  return dead;
}
