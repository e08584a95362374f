/** Finds the container engine that a run shall use. */
import { homedir } from 'node:os';
import { RunFailure } from '../executor/ports.js';
import { parseImageName } from '../schema/image-reference.js';
import type { Endpoint } from './endpoint.js';
import { type EnginePlace, enginePlaces, type Surroundings } from './engine-places.js';
import { type PingAnswer, ping, pingForImage } from './ping.js';

export interface FoundEngine extends PingAnswer {
  endpoint: Endpoint;
}

/**
 * @param image asked for on the way, see `pingForImage`; a text that is no name of an image is not
 * @throws RunFailure(setup, environment engine): one paragraph that says what was tried, why it failed, what to do
 */
export async function findEngine(around: Partial<Surroundings> = {}, image?: string): Promise<FoundEngine> {
  const surroundings: Surroundings = {
    env: process.env,
    home: homedir(),
    platform: process.platform,
    uid: process.getuid?.() ?? 0,
    dockerSocket: '/var/run/docker.sock',
    podmanSocket: '/run/podman/podman.sock',
    ...around,
  };
  const isName = image !== undefined && parseImageName(image) !== undefined;
  const tried: Attempt[] = [];
  for (const place of await enginePlaces(surroundings)) {
    try {
      const endpoint = await place.endpoint();
      return { endpoint, ...(await (isName ? pingForImage(endpoint, image) : ping(endpoint))) };
    } catch (error) {
      tried.push({ place, error: error as NodeJS.ErrnoException });
    }
  }
  throw new RunFailure('setup', `No container engine can be reached. ${explainAttempts(tried)}`, {
    environment: 'engine',
    cause: tried[0]?.error,
  });
}

export interface Attempt {
  place: EnginePlace;
  error: NodeJS.ErrnoException;
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such socket',
  EACCES: 'no permission to open it',
  EPERM: 'no permission to open it',
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
};

/** One sentence a place, then what to do. */
export function explainAttempts(tried: Attempt[]): string {
  const list = tried.map(({ place, error }) => {
    const setting = place.setting ? ` (from ${place.setting})` : '';
    return `${place.address}${setting}: ${REASONS[error.code ?? ''] ?? error.message}`;
  });
  return `Tried ${list.join('; ')}. ${remedy(tried)}`;
}

/** The attempt that came closest says what to do. */
function remedy(tried: Attempt[]): string {
  const of = (...codes: string[]) => tried.find(({ error }) => codes.includes(error.code ?? ''));
  const forbidden = of('EACCES', 'EPERM');
  if (forbidden) {
    return `Your user may not use ${forbidden.place.address}: add it to the socket's group (for Docker: sudo usermod -aG docker "$USER") and log in again.`;
  }
  const set = tried.find(({ place }) => place.setting);
  if (of('ECONNREFUSED') && !set) {
    return 'The engine is installed but not running: start it (sudo systemctl start docker, or systemctl --user start podman.socket).';
  }
  if (set) return `Start that engine, or correct ${set.place.setting}.`;
  return 'Install Docker or Podman and start it (sudo systemctl start docker, or systemctl --user start podman.socket), or let DOCKER_HOST name the engine.';
}
