/** Removal that can be relied upon: whatever state the container is in, and whoever else removes it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/ports.js';
import { callOptions } from './endpoint.js';
import { engineWords, isUnreachable, statusOf } from './engine-error.js';
import { within } from './engine-limits.js';

const WAITS_MS = [50, 200, 500, 1000, 2000, 4000];

/**
 * Force-removes a container and its anonymous volumes. Resolves when the engine says that
 * it is gone; gone already is as good. A removal in progress is waited for.
 *
 * @throws RunFailure(lost) when the engine does not do it
 */
export async function removeContainer(container: Docker.Container, callMs: number): Promise<void> {
  for (const wait of [...WAITS_MS, undefined]) {
    try {
      await within(callMs, () => container.remove(callOptions({ query: { force: true, v: true } })));
      return;
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (wait === undefined) throw removalFailure(container.id, error);
      await sleep(wait);
    }
  }
}

function removalFailure(id: string, error: unknown): RunFailure {
  const short = id.slice(0, 12);
  return new RunFailure(
    'lost',
    `Container ${short} could not be removed: ${engineWords(error)}. Remove it with "docker rm -f ${short}", or let "jobserv prune" do it.`,
    { cause: error, ...(isUnreachable(error) ? { environment: 'engine' } : {}) },
  );
}
