/** Phase 1: the image, pulled before every run, in four tries. */
import { retry } from '../lib/index.js';
import type { RunDefinition } from '../schema/index.js';
import type { Limits } from './clock.js';
import {
  type ImageInfo,
  type Log,
  type PullRequest,
  type RegistryCredentials,
  RunFailure,
  type RunPorts,
} from './ports.js';

/** A registry that demands a longer wait is not tried again. */
const LONGEST_WAIT_MS = 10 * 60_000;

export async function pullImage(
  run: RunDefinition,
  ports: Pick<RunPorts, 'engine' | 'journal'>,
  log: Log,
  limits: Limits,
  signal: AbortSignal,
): Promise<ImageInfo> {
  await log.heading(`Pulling image ${run.container}`);
  const credentials = containerAuth(run);
  // One request for all tries: the engine's adapter finds the user's credentials once for it.
  const request: PullRequest = {
    reference: run.container,
    log,
    signal,
    progress: (bytes) => ports.journal.pulling?.(bytes),
    ...(credentials === undefined ? {} : { credentials }),
  };
  const image = await retry(() => ports.engine.pull(request), {
    waits: limits.pullWaits,
    signal,
    passing: (error) => error instanceof RunFailure && !error.final && demanded(error) <= LONGEST_WAIT_MS,
    wait: (error, planned) => Math.max(planned, demanded(error)),
    before: (error, wait) => log.warn(`${(error as Error).message} Trying again in ${wait / 1000} s.`),
  });
  if (image.digest !== undefined) await log.info(`Digest: ${image.digest}`);
  if (run['container-entrypoint'] === null) await warnOfShellForm(image, log);
  return image;
}

/** The wait that the registry demands, ms. */
function demanded(error: unknown): number {
  return error instanceof RunFailure ? (error.retryAfterMs ?? 0) : 0;
}

/** A Dockerfile's `ENTRYPOINT make` becomes `/bin/sh -c make`: what comes after it, the script's path, is not run. */
async function warnOfShellForm({ entrypoint = [] }: ImageInfo, log: Log): Promise<void> {
  const [shell = '', flag, command] = entrypoint;
  if (!/(^|\/)(ba|da|a|k|z)?sh$/.test(shell) || flag !== '-c' || command === undefined) return;
  await log.warn(
    `The image's entrypoint is a shell command (${JSON.stringify(command)}): it runs in place of the script, here and on a worker. ` +
      'Set container-entrypoint to "" to run the script.',
  );
}

/**
 * The credentials that `container-auth` names. Its secret holds what a docker client keeps
 * as `auth`: base64 of `user:password`.
 *
 * @throws RunFailure(setup) when the secret is missing or holds something else
 */
export function containerAuth(run: Pick<RunDefinition, 'container-auth' | 'secrets'>): RegistryCredentials | undefined {
  const name = run['container-auth'];
  if (!name) return undefined;
  const secret = run.secrets?.[name];
  if (secret === undefined) {
    throw new RunFailure('setup', `container-auth names the secret "${name}", which the run does not have.`);
  }
  const text = secret.trim();
  const decoded = Buffer.from(text, 'base64').toString();
  const colon = decoded.indexOf(':');
  if (colon < 1 || !/^[A-Za-z0-9+/]+=*$/.test(text)) {
    throw new RunFailure(
      'setup',
      `The secret "${name}" (container-auth) is not base64 of "user:password": make it with printf %s user:password | base64.`,
    );
  }
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
