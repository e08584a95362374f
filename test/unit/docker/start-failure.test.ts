import { describe, expect, it } from 'vitest';
import { startFailure } from '../../../src/docker/start-failure.js';
import { RunFailure } from '../../../src/executor/ports.js';

const refused = (message: string, statusCode = 400) =>
  Object.assign(new Error(message), { statusCode, json: { message } });
const RUNC =
  'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process';

/** Words of docker 20.10 with runc 1.1 and of podman 4.3 with crun and runc; exit codes of `docker run`. */
describe('startFailure', () => {
  it.each([
    [`${RUNC}: exec: "/s/missing": stat /s/missing: no such file or directory: unknown`, 127],
    [`${RUNC}: exec: "env": executable file not found in $PATH: unknown`, 127],
    [`${RUNC}: exec: "/s/noexec": permission denied: unknown`, 126],
    [
      'crun: executable file `/s/missing` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
      127,
    ],
    ['crun: open executable: Permission denied: OCI permission denied', 126],
  ])('is the end of the process: %s', (words, exitCode) => {
    expect(startFailure(refused(words))).toEqual({ exitCode, oomKilled: false, error: words });
  });

  it.each([
    `${RUNC}: error during container init: error mounting "/w/s" to rootfs at "/bin/busybox": mount /w/s:/bin/busybox (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown`,
    `${RUNC}: unable to apply caps: operation not permitted: unknown`,
    'unable to find user nosuch: no matching entries in passwd file',
    'failed to create endpoint x on network bridge: could not find bridge docker0',
  ])('is a matter of the set-up: %s', (words) => {
    const failure = startFailure(refused(words, 500)) as RunFailure;
    expect(failure).toBeInstanceOf(RunFailure);
    expect({ ...failure }).toMatchObject({ reason: 'setup', environment: undefined });
    expect(failure.message).toContain(words);
  });

  it('is the environment when the engine did not answer', () => {
    const failure = startFailure(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    expect(failure).toMatchObject({ reason: 'setup', environment: 'engine' });
  });
});
