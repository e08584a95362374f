/** Whether the engine sees this machine's files: one that is elsewhere would mount those of another machine. */
import { lstat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join, relative } from 'node:path';
import type Docker from 'dockerode';
import { type ContainerSpec, RunFailure } from '../executor/index.js';
import { engineFailure, engineWords, refuseAnswer, statusOf, within } from './client.js';

/** Nothing of the run has been started then. */
export class UnseenFiles extends RunFailure {}

/** The engine's messages when a mount's source does not exist, or is not shared with its virtual machine. */
const NO_SOURCE =
  /bind source path does not exist|statfs .*no such file|mounts denied|not shared from the host|error stat.*no such file/i;

/** @returns the failure that a refused `create` stands for; undefined when it stands for another */
export async function unseenSource(
  spec: ContainerSpec,
  address: string,
  error: unknown,
): Promise<UnseenFiles | undefined> {
  if (statusOf(error) === undefined || !NO_SOURCE.test(engineWords(error))) return undefined;
  for (const { source } of spec.mounts) {
    // Gone here too: somebody removed it.
    if ((await lstat(source).catch(() => undefined)) === undefined) return undefined;
  }
  return blind(address, engineWords(error), error);
}

/**
 * Compares one file of the run, or the mounted folder where there is none, with what the
 * engine finds at its place in the container, which has not been started.
 *
 * @throws UnseenFiles, or a RunFailure when it cannot be checked
 */
export async function checkSight(
  container: Docker.Container,
  spec: ContainerSpec,
  address: string,
  callMs: number,
): Promise<void> {
  const file = await witness(spec);
  if (file === undefined) return;
  const { inside, size, mtimeMs } = file;
  const found = await statInside(container, inside, callMs);
  if (found === 'unknown' && size !== undefined && spec.mounts.some(({ target }) => target === inside)) return;
  const isSame =
    found !== undefined &&
    found !== 'unknown' &&
    (size === undefined || found.size === size) &&
    Math.abs(Date.parse(found.mtime) - mtimeMs) < CLOCK_STEP_MS;
  if (!isSame)
    throw blind(address, `${inside} is ${found === undefined ? 'not there' : 'another file'} in the container`);
}

/** File systems that are shared with a virtual machine keep times in steps of up to 2 s. */
const CLOCK_STEP_MS = 2_000;

interface Witness {
  inside: string;
  /** Undefined for a folder: every file system has its own idea of it. */
  size?: number;
  mtimeMs: number;
}

/** The script, which was written for this run; else a mounted folder; else a mounted file. */
async function witness({ command, mounts }: ContainerSpec): Promise<Witness | undefined> {
  const [script = ''] = command;
  const owner = mounts.find(({ target }) => script.startsWith(`${target}/`));
  const places = [
    ...(owner ? [{ inside: script, outside: join(owner.source, relative(owner.target, script)) }] : []),
    ...mounts.map(({ source, target }) => ({ inside: target, outside: source })),
  ];
  const found = await Promise.all(
    places.map(async (place) => ({ ...place, stat: await lstat(place.outside).catch(() => undefined) })),
  );
  const own = found.find(({ inside, stat }) => inside === script && stat?.isFile());
  const { inside, stat } =
    own ?? found.find((each) => each.stat?.isDirectory()) ?? found.find(({ stat }) => stat) ?? {};
  if (inside === undefined || stat === undefined) return undefined;
  return { inside, mtimeMs: stat.mtimeMs, ...(stat.isFile() ? { size: stat.size } : {}) };
}

async function statInside(
  container: Docker.Container,
  path: string,
  callMs: number,
): Promise<{ size: number; mtime: string } | 'unknown' | undefined> {
  try {
    const answer = await within(callMs, async (abortSignal) => container.infoArchive({ path, abortSignal }));
    const { headers } = answer as IncomingMessage;
    (answer as IncomingMessage).resume();
    const stat = JSON.parse(Buffer.from(String(headers['x-docker-container-path-stat'] ?? ''), 'base64').toString());
    if (typeof stat?.size !== 'number' || typeof stat.mtime !== 'string') refuseAnswer();
    return stat;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    // Podman's answer for a mount that is a single file, whatever it sees: such a mount proves nothing.
    if (statusOf(error) === 500) return 'unknown';
    throw engineFailure("Whether the container engine sees this machine's files could not be checked", error);
  }
}

function blind(address: string, why: string, cause?: unknown): UnseenFiles {
  return new UnseenFiles(
    'setup',
    `The container engine at ${address} does not see this machine's files (${why}): it runs on another machine, in a container, or in a virtual machine that does not share this folder. ` +
      'Nothing was started. Use an engine on this machine, or put the workspace into a folder that both see at the same path (--workspace).',
    { environment: 'engine', ...(cause === undefined ? {} : { cause }) },
  );
}
