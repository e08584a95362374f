/** Files on their way to the server, against the live one; what the container may do to them is tested with one. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactFile, Log } from '../../../src/executor/index.js';
import { HttpClient } from '../../../src/server/index.js';
import { ARTIFACT_LIMITS, RunServer, signedArtifacts } from '../../../src/worker/index.js';
import type { LiveRun } from '../../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../../support/live-server/live-server.js';
import { scratchFolder } from './folder.js';

const nothing = async () => {};
const silent: Log = { heading: nothing, info: nothing, warn: nothing, error: nothing, raw: nothing };

interface World {
  server: LiveServer;
  run: LiveRun;
  root: string;
  store(): Promise<void>;
}

async function worldWith(files: Record<string, Buffer>): Promise<World> {
  const server = await startLiveServer();
  const run = server.addRun();
  const http = new HttpClient();
  onTestFinished(async () => {
    await http.close();
    await server.stop();
  });
  const root = join(scratchFolder(), 'archive');
  mkdirSync(root);
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(root, path), bytes);
  const listed: ArtifactFile[] = Object.entries(files).map(([path, { length }]) => ({ path, sizeBytes: length }));
  const { signal } = new AbortController();
  const limits = { ...ARTIFACT_LIMITS, firstWait: 1, longestWait: 5 };
  const port = signedArtifacts(
    new RunServer(http, { runUrl: run.url, apiKey: run.definition.api_key }),
    signal,
    limits,
  );
  return { server, run, root, store: () => port.store(root, listed, silent, signal) };
}

describe('files of more than one piece', () => {
  const sizes = [65_536, 65_537, 262_144, 262_145, 3_000_001, 6_000_000];

  it('arrive as they are, several at a time, at a server so slow that they wait on the way', async () => {
    const files = Object.fromEntries([...sizes, 20_000_000].map((size) => [`f${size}`, randomBytes(size)]));
    const { server, run, store } = await worldWith(files);
    server.fault.always('upload', { pace: () => new Promise((resolve) => setTimeout(resolve, 2)) });
    await store();
    for (const [path, bytes] of Object.entries(files)) expect(run.artifacts.get(path)?.equals(bytes), path).toBe(true);
  });

  it('arrive as they are when their uploads break off and are made again', async () => {
    const files = Object.fromEntries(sizes.map((size) => [`f${size}`, randomBytes(size)]));
    const { server, run, store } = await worldWith(files);
    server.fault.times(2, 'upload', 'cut-unread');
    server.fault.times(2, 'upload', 'cut-before-storing');
    await store();
    for (const [path, bytes] of Object.entries(files)) expect(run.artifacts.get(path)?.equals(bytes), path).toBe(true);
  });

  it('one that becomes shorter while it is sent is told, and the others arrive', async () => {
    const { server, run, root, store } = await worldWith({
      kept: randomBytes(70_000),
      shrinks: randomBytes(9_000_000),
    });
    server.fault.next(({ endpoint, path }) => endpoint === 'upload' && path.endsWith('shrinks'), {
      pace: async () => truncateSync(join(root, 'shrinks'), 1_000),
    });
    await expect(store()).rejects.toThrow('1 of 2 artifacts could not be uploaded: "shrinks" became shorter');
    expect([...run.artifacts.keys()]).toEqual(['kept']);
  });
});
