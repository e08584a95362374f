import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import {
  awaitExit,
  type ContainerConsole,
  cutFailure,
  type EngineLimits,
  engineGone,
} from '../../../src/docker/index.js';

const LIMITS = { call: 1_000, reconnect: 1_000, earlyEnd: 10_000, waitAgain: 10_000, drain: 1_000 } as EngineLimits;
const SOCKET = '/var/run/docker.sock';
const failed = (code: string) =>
  Object.assign(new Error(`connect ${code} ${SOCKET}`), { code, syscall: 'connect', address: SOCKET });

it.each([
  [
    'too many open files',
    'EMFILE',
    'disk',
    `complete: ${SOCKET} cannot be used: too many files are open (EMFILE). Raise`,
  ],
  ['an engine that was away', 'ECONNRESET', undefined, 'complete: the connection to the engine broke'],
])('a console that ended while %s kept its end unknown', async (_, code, environment, words) => {
  const container = {
    wait: () => Promise.reject(failed(code)),
    inspect: () => Promise.resolve({ State: { Status: 'exited', Running: false } }),
  } as unknown as Docker.Container;
  const console = { ended: true, closedByScript: false, done: Promise.resolve() } as unknown as ContainerConsole;
  await expect(awaitExit(container, console, LIMITS)).rejects.toMatchObject({
    reason: 'lost',
    environment,
    message: expect.stringContaining(words),
  });
});

it('an engine that too many open files kept from being asked is not gone', () => {
  expect(engineGone(failed('EMFILE'))).toMatchObject({
    environment: 'disk',
    message: cutFailure(failed('EMFILE')).message,
  });
  expect(engineGone(failed('ECONNREFUSED'))).toMatchObject({ environment: 'engine' });
});
