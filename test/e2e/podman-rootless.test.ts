/** A user's own Podman, which runs without root: what a run leaves is the user's. */
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { hasPodman, PODMAN_USER, PodmanService } from '../support/podman.js';
import { type World, worldWith } from './definition.js';
import { jobserv, type Options } from './jobserv.js';

const LEAVES = `#!/bin/sh -e
cat /secrets/key
mkdir -m 700 /archive/folder
echo kept >/archive/folder/kept.txt
chmod 600 /archive/folder/kept.txt
chown -R 1000:1000 /archive /secrets
`;

const ASKS = `#!/bin/sh -e
key=$(sed -n '/login jobserv/{n;s/^password //p}' /root/.netrc)
wget -q -O - --header "Authorization: Token $key" "$H_RUN_URL" | grep -o '"status": *"RUNNING"'
`;

const isRoot = process.getuid?.() === 0;
const uid = isRoot ? PODMAN_USER : process.getuid?.();
let service: PodmanService | string;

beforeAll(async () => {
  service = (await hasPodman()) ? await PodmanService.startRootless() : 'Podman is not installed';
  if (isRoot) chmodSync(inject('installation'), 0o755);
}, 120_000);

beforeEach((context) => context.skip(typeof service === 'string', String(service)));

afterAll(async () => {
  if (typeof service === 'object') await service.stop();
});

/** A world of the user that the service belongs to. */
async function worldOfUser(scripts: Record<string, string>): Promise<World & Options> {
  const world = await worldWith(scripts);
  const env = { ...world.env, DOCKER_HOST: (service as PodmanService).address };
  if (!isRoot) return { ...world, env };
  for (const path of [world.cwd, world.env['HOME'] ?? '', world.env['XDG_CACHE_HOME'] ?? ''])
    execFileSync('chown', ['-R', `${PODMAN_USER}:${PODMAN_USER}`, path]);
  return { ...world, env, uid: PODMAN_USER, gid: PODMAN_USER };
}

it('leaves files of the user, also those that the script gave to somebody else, and they can be removed', async () => {
  const world = await worldOfUser({ leaves: LEAVES });
  const { status, stdout, stderr } = await jobserv(['simulate', 'leaves', '-s', 'key=a-long-secret', '--json'], world);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const [run] = JSON.parse(stdout).runs;
  expect(run).toMatchObject({ status: 'PASSED', artifacts: [{ path: 'folder/kept.txt', sizeBytes: 5 }] });
  const kept = ['', 'folder', 'folder/kept.txt'].map((path) => lstatSync(join(run.workspace, 'archive', path)).uid);
  expect(kept).toEqual([uid, uid, uid]);
  expect(await jobserv(['prune', '--json'], world)).toMatchObject({ status: 0 });
});

it("reaches the run's server, and doctor --deep finds that all of it works", async (context) => {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = own.some(({ internal, family }) => !internal && family === 'IPv4');
  if (!reachable) return context.skip('this machine has no address but loopback, which containers cannot reach');
  const world = await worldOfUser({ asks: ASKS });
  const { status, stderr } = await jobserv(['simulate', 'asks'], world);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const { checks } = JSON.parse((await jobserv(['doctor', '--deep', '--json'], world)).stdout);
  const states = Object.fromEntries(checks.map(({ name, state }: { name: string; state: string }) => [name, state]));
  const works = Object.fromEntries(['container', 'files', 'ownership', 'run server'].map((name) => [name, 'works']));
  expect(states).toMatchObject(works);
});
