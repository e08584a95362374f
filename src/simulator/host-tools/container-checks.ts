/** `doctor --deep`: what only a container that runs can show. */
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { DockerEngine, HostAddress } from '../../docker/index.js';
import { makeVisibleFolder } from '../../executor/index.js';
import { listenForContainers } from '../run-server/run-server.js';
import { Scratch } from '../workspace/scratch.js';
import { cacheFolder } from '../workspace/workspace-names.js';

export interface Check {
  /** What was looked at: `engine`, `git`, `registry registry.example.org`. */
  name: string;
  /** `note`: works, but not all of it, or not for everybody. */
  state: 'works' | 'note' | 'broken';
  found: string;
  repair?: string;
}

/** The part of an engine that is checked. */
export type CheckedEngine = Pick<DockerEngine, 'create' | 'inspectImage' | 'takeOwnership' | 'copiesFiles'> & {
  /** Where containers reach this machine; undefined when they cannot, or the engine does not say. */
  hostAddress?(): Promise<HostAddress | undefined>;
};

/**
 * Leaves a file in a folder that nobody else may enter, and asks the address that it is given for something. The wget of
 * some BusyBox crashes with a timeout of its own.
 */
const SCRIPT = `#!/bin/sh
mkdir -m 700 /archive/folder && echo left >/archive/folder/file
{ [ -z "$1" ] || curl -s -m 5 -o /dev/null "$1" || timeout 5 wget -q -O /dev/null "$1" || wget -q -T 5 -O /dev/null "$1"; } 2>/dev/null
echo 'the end'
`;

/** Runs one container of the first image that is on this machine. */
export async function* containerChecks(
  engine: CheckedEngine,
  images: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Check> {
  const image = await firstHere(engine, images);
  if (image === undefined) {
    const found = 'not checked: no image of a definition is on this machine';
    yield { name: 'container', state: 'note', found, repair: 'Pull one, and name the definition with -f.' };
    return;
  }
  const cache = cacheFolder();
  const scratch = new Scratch(cache);
  const asked = { times: 0 };
  const stopped = new AbortController();
  const server = createServer((_, response) => {
    asked.times += 1;
    response.end('reached');
  });
  try {
    const address = await engine.hostAddress?.().catch(() => undefined);
    const port = address && (await listenForContainers(server, address, stopped.signal));
    const url = address && `http://${address.name}:${port}/`;
    const folder = await scratch.folder();
    const archive = join(folder, 'archive');
    await runScript(engine, image, folder, url, signal);
    yield { name: 'container', state: 'works', found: `one of ${image} ran, and its output arrived` };
    yield filesCheck(engine, folder);
    yield await ownerCheck(engine, image, archive);
    yield reachCheck(address?.name, asked.times > 0);
  } catch (error) {
    yield { name: 'container', state: 'broken', found: (error as Error).message };
  } finally {
    stopped.abort();
    server.close();
    server.closeAllConnections();
    await scratch.remove();
  }
}

async function firstHere(engine: CheckedEngine, images: readonly string[]): Promise<string | undefined> {
  for (const image of images) {
    if (await engine.inspectImage(image).catch(() => undefined)) return image;
  }
  return undefined;
}

async function runScript(
  engine: CheckedEngine,
  image: string,
  folder: string,
  url: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const names = ['archive', 'script-repo'];
  for (const name of names) await makeVisibleFolder(join(folder, name));
  await writeFile(join(folder, 'script-repo/do_run'), SCRIPT, { mode: 0o555 });
  const container = await engine.create(
    {
      image,
      entrypoint: '/bin/sh',
      command: ['/script-repo/do_run', ...(url === undefined ? [] : [url])],
      user: '0',
      workingDir: '/',
      env: [],
      mounts: names.map((name) => ({ source: join(folder, name), target: `/${name}`, readOnly: false })),
      privileged: false,
      capAdd: [],
      capDrop: [],
      labels: {},
    },
    signal,
  );
  try {
    let output = '';
    await container.start((chunk) => {
      output += chunk;
    });
    const { exitCode, error } = await container.wait();
    if (!output.endsWith('the end\n')) {
      const what = error ?? (output.trim() || 'nothing');
      throw new Error(`a container of ${image} ended with status ${exitCode}, and its output was: ${what}`);
    }
  } finally {
    await container.dispose();
  }
}

function filesCheck({ copiesFiles }: CheckedEngine, folder: string): Check {
  const name = 'files';
  if (!copiesFiles) return { name, state: 'works', found: `the engine sees this machine's, ${folder} for one` };
  const found = `the engine does not see this machine's, ${folder} for one: they are copied to it and back`;
  const repair =
    'An engine on this machine, or a folder that both see (XDG_CACHE_HOME), is faster, and as on a worker.';
  return { name, state: 'note', found, repair };
}

async function ownerCheck(engine: CheckedEngine, image: string, archive: string): Promise<Check> {
  const name = 'ownership';
  const file = join(archive, 'folder/file');
  const warning = await engine.takeOwnership(archive, image);
  const text = await readFile(file, 'utf8').catch((error: Error) => error.message);
  const uid = await lstat(file).then(
    (found) => found.uid,
    () => undefined,
  );
  if (warning === undefined && text === 'left\n' && uid === process.getuid?.()) {
    return { name, state: 'works', found: 'what a container leaves in /archive is yours' };
  }
  const found = warning ?? `what a container left in /archive belongs to user ${uid}, and reads: ${text.trim()}`;
  return { name, state: 'broken', found };
}

function reachCheck(address: string | undefined, reached: boolean): Check {
  const name = 'run server';
  if (reached) return { name, state: 'works', found: `containers reach this machine at ${address}` };
  const repair = 'Scripts that ask the server of their build (H_RUN_URL, H_TRIGGER_URL) will not find it.';
  if (address === undefined) {
    return { name, state: 'note', found: "containers of this engine have no address of this machine's", repair };
  }
  const found = `the container did not reach this machine at ${address}: a firewall, or an image without wget and curl`;
  return { name, state: 'note', found, repair };
}
