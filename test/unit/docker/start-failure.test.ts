import { describe, expect, it } from 'vitest';
import { createFailure, startFailure } from '../../../src/docker/index.js';
import { RunFailure } from '../../../src/executor/index.js';

const refused = (message: string, statusCode = 400) =>
  Object.assign(new Error(message), { statusCode, json: { message } });
const RUNC =
  'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process';

/** Words of docker 20.10 with runc 1.1 and of podman 4.3 with crun and runc; exit codes of `docker run`. */
describe('startFailure', () => {
  it.each([
    [`${RUNC}: exec: "/s/missing": stat /s/missing: no such file or directory: unknown`, 127, /^exec: .* directory$/],
    [`${RUNC}: exec: "env": executable file not found in $PATH: unknown`, 127, /^exec: .* in \$PATH$/],
    [`${RUNC}: exec: "/s/noexec": permission denied: unknown`, 126, /^exec: "\/s\/noexec": permission denied$/],
    [
      'crun: executable file `/s/missing` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
      127,
      /^executable file/,
    ],
    ['crun: open executable: Permission denied: OCI permission denied', 126, /^open executable/],
  ])('is the end of the process: %s', (words, exitCode, shown) => {
    const error = expect.stringMatching(shown);
    expect(startFailure(refused(words))).toEqual({ exitCode, oomKilled: false, error });
  });

  it.each([
    `${RUNC}: error during container init: error mounting "/w/s" to rootfs at "/bin/busybox": mount /w/s:/bin/busybox (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown`,
    'unable to find user nosuch: no matching entries in passwd file',
    `${RUNC}: error during container init: chdir to cwd ("/x") set in config.json failed: not a directory`,
    'the working directory "x" is invalid, it needs to be an absolute path',
    'invalid mount config for type "bind": invalid mount path: "rel" mount path must be absolute',
    'invalid CapAdd: unknown capability: "CAP_NO_SUCH_CAP"',
    'Duplicate mount point: /archive',
  ])('is the set-up of the run: %s', (words) => {
    const failure = startFailure(refused(words, 500)) as RunFailure;
    expect(failure).toBeInstanceOf(RunFailure);
    expect({ ...failure }).toMatchObject({ reason: 'setup', environment: undefined });
    expect(failure.message).toContain(words);
  });

  it("is the network program's, whose first line is the reason", () => {
    const words =
      '/usr/bin/slirp4netns failed: "open(\\"/dev/net/tun\\"): Permission denied\\nWARNING: Support for seccomp is experimental\\nchild failed(1)\\n"';
    const failure = startFailure(refused(words, 500)) as RunFailure;
    expect(failure).toMatchObject({ reason: 'setup', environment: 'engine' });
    expect(failure.message).toBe(
      'The container could not be started: slirp4netns, which gives containers of this engine their network, failed: open("/dev/net/tun"): Permission denied. Check that "podman run" works, and that the engine\'s user may open /dev/net/tun.',
    );
  });

  it.each([
    'failed to create endpoint x on network bridge: could not find bridge docker0: route ip+net: no such network interface',
    "no available IPv4 addresses on this network's address pools: bridge (4f3c)",
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
    `${RUNC}: unable to apply caps: operation not permitted: unknown`,
    `${RUNC}: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/memory/docker: no space left on device`,
    `${RUNC}: error setting cgroup config for procHooks process: open /sys/fs/cgroup/x: no such file or directory`,
    'failed to create shim task: OCI runtime create failed: unable to retrieve OCI runtime error (open /run/log.json: no such file or directory): fork/exec /usr/bin/nope: no such file or directory: unknown',
    'error creating overlay mount to /var/lib/docker/overlay2/x/merged: no such file or directory',
    'mkdir /var/lib/docker/overlay2/x: no space left on device',
    'failed to start containerd task: transport is closing',
    'something that no version said until now',
  ])('is the environment, not the code: %s', (words) => {
    for (const failure of [startFailure(refused(words, 500)), createFailure('x:1', refused(words, 500))]) {
      expect(failure).toMatchObject({ reason: 'setup', environment: 'engine' });
      expect((failure as RunFailure).message).toContain('The engine refuses for reasons of its own');
    }
  });

  it('is the environment for a runtime that the engine does not know, though it says 400', () => {
    const words = 'Unknown runtime specified nope';
    expect(createFailure('x:1', refused(words))).toMatchObject({ environment: 'engine' });
  });

  it.each(['invalid reference format', 'Minimum memory limit allowed is 6MB'])(
    'is the set-up of the run when the engine calls the request bad: %s',
    (words) => {
      expect(createFailure('x:1', refused(words))).toMatchObject({ reason: 'setup', environment: undefined });
    },
  );

  it('is the environment when the engine did not answer', () => {
    const failure = startFailure(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    expect(failure).toMatchObject({ reason: 'setup', environment: 'engine' });
  });
});
