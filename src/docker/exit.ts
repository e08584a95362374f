/** How a container's process ended, asked of an engine that may go away meanwhile. */

import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/ports.js';
import { bodyOf } from './body.js';
import type { ContainerConsole } from './console.js';
import { callOptions } from './endpoint.js';
import { engineWords, isUnreachable, statusOf } from './engine-error.js';
import { type EngineLimits, within } from './engine-limits.js';

export interface ProcessEnd {
  exitCode: number;
  /** What the engine says went wrong with it. */
  error?: string;
}

const RETRY_MS = 250;

/**
 * Waits for the end of a container that has been started. An engine that does not answer is
 * asked again for `limits.reconnect`.
 *
 * @throws RunFailure(lost) when the container or the engine is gone, or when the console
 *   ended while the engine was away: nobody can say whether it was complete
 */
export async function awaitExit(
  container: Docker.Container,
  console: ContainerConsole,
  limits: EngineLimits,
): Promise<ProcessEnd> {
  for (;;) {
    try {
      return await askForExit(container);
    } catch (error) {
      if (statusOf(error) === 404) throw removedFailure();
      if (!isUnreachable(error))
        throw new RunFailure('lost', `The container was lost: ${engineWords(error)}.`, { cause: error });
      await reconnect(container, limits, error);
      if (console.ended) throw cutFailure();
    }
  }
}

/**
 * The client's own `wait` never settles when the connection is cut while the engine has
 * sent no more than the head of its answer: so the answer's body is read here.
 */
async function askForExit(container: Docker.Container): Promise<ProcessEnd> {
  const body = await new Promise<Readable>((resolve, reject) => {
    const request = {
      path: `/containers/${container.id}/wait?`,
      method: 'POST',
      isStream: true,
      // Podman looks at intervals, of its own choice unless told; Docker passes over it.
      options: callOptions({ query: { condition: 'not-running', interval: '50ms' } }),
      statusCodes: { 200: true, 400: 'bad parameter', 404: 'no such container', 500: 'server error' },
    };
    container.modem.dial(request, (error: unknown, answer: unknown) =>
      error ? reject(error) : resolve(answer as Readable),
    );
  });
  const answer = JSON.parse(await bodyOf(body));
  const message: unknown = answer.Error?.Message ?? answer.Error;
  return { exitCode: answer.StatusCode, ...(typeof message === 'string' && message !== '' ? { error: message } : {}) };
}

async function reconnect(container: Docker.Container, limits: EngineLimits, first: unknown): Promise<void> {
  const until = performance.now() + limits.reconnect;
  for (;;) {
    try {
      await within(limits.call, () => container.inspect());
      return;
    } catch (error) {
      if (statusOf(error) === 404) throw removedFailure();
      if (performance.now() > until) throw engineGone(first);
      await sleep(RETRY_MS);
    }
  }
}

export function removedFailure(): RunFailure {
  return new RunFailure('lost', 'The container was removed by someone else while the script ran.');
}

export function engineGone(error: unknown): RunFailure {
  return new RunFailure(
    'lost',
    `The container engine went away while the script ran (${engineWords(error)}). Start it again, then the run.`,
    { environment: 'engine', cause: error },
  );
}

export function cutFailure(error?: unknown): RunFailure {
  const why = error === undefined ? 'the connection to the engine broke' : engineWords(error);
  return new RunFailure(
    'lost',
    `The script's console is not complete: ${why} while the script ran. Start the run again.`,
    error === undefined ? {} : { cause: error },
  );
}
