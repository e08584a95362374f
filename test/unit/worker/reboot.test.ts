/** Runs that ask for a reboot of the machine: where they wait for it, and what becomes of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Log, Reboot } from '../../../src/executor/index.js';
import {
  listRuns,
  makeRunFolder,
  RunJournal,
  readRundef,
  readRunState,
  rebootedRun,
  workerReboot,
} from '../../../src/worker/index.js';
import { rundefText, runUrl, scratchFolder } from './folder.js';

const said: string[] = [];
const keep = async (text: string) => void said.push(text);
const log: Log = { heading: keep, info: keep, warn: keep, error: keep, raw: async () => {} };
const REQUEST = { cold: false, script: 'next' };

interface Waiting {
  run: string;
  url: string;
  port: Reboot;
}

/** @param command what is run to reboot, in a shell */
async function waiting(folder: string, name: string, command: string): Promise<Waiting> {
  const url = runUrl(name);
  const run = (await makeRunFolder(folder, url, rundefText(url), new Date())) ?? '';
  const tool = join(folder, `reboot-of-${name}`);
  writeFileSync(tool, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  const port = workerReboot({
    journal: await RunJournal.open(run),
    worker: 'lab-7',
    rebootedRun: rebootedRun(folder),
    boot: 'this',
    bootBefore: 'this',
    tools: { reboot: tool, coldReboot: '/bin/false' },
    waits: [1, 1],
    downAfter: 1,
  });
  return { run, url, port };
}

it('waits as rebooted-run while the machine goes down, and is back in its place when it does not', async () => {
  const folder = scratchFolder();
  const { run, url, port } = await waiting(folder, 'one', `cp -r ${rebootedRun(folder)} ${join(folder, 'seen')}`);
  await expect(port.reboot(REQUEST, log)).rejects.toThrow('The machine did not reboot');
  expect(await readRunState(join(folder, 'seen'))).toMatchObject({ runUrl: url });
  // So that the reference's worker can go on with it, too.
  const handedOut = JSON.parse(rundefText(url));
  expect(await readRundef(join(folder, 'seen'))).toEqual({
    ...handedOut,
    env: { ...handedOut.env, H_WORKER: 'lab-7' },
    'reboot-script': 'next',
  });
  expect(await listRuns(folder)).toEqual([run]);
  expect(existsSync(rebootedRun(folder))).toBe(false);
});

it('tries a command again that does not work, and then says what it said', async () => {
  const folder = scratchFolder();
  const { run, port } = await waiting(folder, 'one', `echo x >> ${join(folder, 'tries')}; echo no power; exit 3`);
  await expect(port.reboot(REQUEST, log)).rejects.toThrow(/cannot be rebooted with .*status 3: no power/);
  expect(readFileSync(join(folder, 'tries'), 'utf8')).toBe('x\nx\nx\n');
  expect(await listRuns(folder)).toEqual([run]);
});

it('leaves alone another run that waits already: both go on after the boot', async () => {
  const folder = scratchFolder();
  const down = join(folder, 'down');
  const first = await waiting(folder, 'first', `while [ ! -e ${down} ]; do sleep 0.01; done`);
  const second = await waiting(folder, 'second', 'true');
  const goingDown = first.port.reboot(REQUEST, log);
  await expect.poll(() => existsSync(rebootedRun(folder)), { timeout: 15_000 }).toBe(true);
  await expect(second.port.reboot(REQUEST, log)).rejects.toThrow('The machine did not reboot');
  expect(await readRunState(rebootedRun(folder))).toMatchObject({ runUrl: first.url });
  expect(await listRuns(folder)).toEqual([second.run]);
  writeFileSync(down, '');
  await expect(goingDown).rejects.toThrow('The machine did not reboot');
  expect(await listRuns(folder)).toEqual([first.run, second.run].sort());
});
