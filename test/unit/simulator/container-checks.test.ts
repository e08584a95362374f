import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { type ContainerSpec, RunFailure } from '../../../src/executor/index.js';
import { type CheckedEngine, containerChecks } from '../../../src/simulator/index.js';
import { never, scratchFolder } from '../../support/fake-ports.js';

interface World {
  output?: string;
  copiesFiles?: boolean;
  ownership?: string;
  reaches?: boolean;
  hostAddress?: CheckedEngine['hostAddress'];
}

/** An engine whose container does, on this machine, what the script does in a container. */
function engineOf({
  output = 'the end\n',
  copiesFiles = false,
  ownership,
  reaches = true,
  hostAddress,
}: World): CheckedEngine {
  const create = async ({ mounts, command }: ContainerSpec) => ({
    id: 'c',
    start: async (sink: (chunk: Buffer, position: { stdout: number; stderr: number }) => unknown) => {
      const archive = mounts.find(({ target }) => target === '/archive')?.source ?? '';
      await mkdir(join(archive, 'folder'));
      await writeFile(join(archive, 'folder/file'), 'left\n');
      const [, url] = command;
      if (url !== undefined && reaches) await fetch(url);
      sink(Buffer.from(output), { stdout: 0, stderr: 0 });
    },
    wait: async () => ({ exitCode: 0, oomKilled: false }),
    kill: async () => {},
    exec: async () => Buffer.alloc(0),
    dispose: async () => {},
  });
  return {
    create,
    copiesFiles,
    inspectImage: async (reference) =>
      reference === 'sdk:1' ? { id: 'i', os: 'linux', architecture: 'amd64' } : undefined,
    takeOwnership: async () => ownership,
    ...(hostAddress && { hostAddress }),
  };
}

async function checksOf(engine: CheckedEngine, images = ['gone:1', 'sdk:1']): Promise<Record<string, string>> {
  const cache = await scratchFolder();
  vi.stubEnv('XDG_CACHE_HOME', cache);
  const found: Record<string, string> = {};
  for await (const { name, state, found: text } of containerChecks(engine, images, never))
    found[name] = `${state}: ${text}`;
  vi.unstubAllEnvs();
  expect(await readdir(join(cache, 'jobserv/snapshots')).catch(() => [])).toEqual([]);
  return found;
}

const loopback = async () => ({ listen: '127.0.0.1', name: '127.0.0.1' });

it('everything works', async () => {
  expect(await checksOf(engineOf({ hostAddress: loopback }))).toEqual({
    container: 'works: one of sdk:1 ran, and its output arrived',
    files: expect.stringMatching(/^works: the engine sees this machine's/),
    ownership: 'works: what a container leaves in /archive is yours',
    'run server': 'works: containers reach this machine at 127.0.0.1',
  });
});

it.each<[string, World, string, RegExp]>([
  ['does not see the files', { copiesFiles: true }, 'files', /^note: the engine does not see this machine's/],
  ['gives back nothing', { ownership: 'They belong to root.' }, 'ownership', /^broken: They belong to root\.$/],
  ['is not on this network', {}, 'run server', /^note: containers of this engine have no address/],
  [
    'is kept from it',
    { hostAddress: loopback, reaches: false },
    'run server',
    /^note: the container did not reach this machine at 127/,
  ],
  [
    'prints something else',
    { output: 'sh: not found\n' },
    'container',
    /^broken: a container of sdk:1 ended with status 0, and its output was: sh: not found$/,
  ],
])('an engine that %s', async (_, world, name, expected) => {
  expect((await checksOf(engineOf(world)))[name]).toMatch(expected);
});

it('a container that cannot be made is a result', async () => {
  const create = () => Promise.reject(new RunFailure('setup', 'No.', { environment: 'engine' }));
  expect(await checksOf({ ...engineOf({}), create })).toEqual({ container: 'broken: No.' });
});

it('without an image on this machine there is nothing to start', async () => {
  expect(await checksOf(engineOf({}), ['gone:1'])).toEqual({
    container: 'note: not checked: no image of a definition is on this machine',
  });
});
