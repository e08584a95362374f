import { describe, expect, it } from 'vitest';
import { containerRequest } from '../../../src/docker/index.js';
import type { ContainerSpec } from '../../../src/executor/index.js';

const spec = (overrides: Partial<ContainerSpec> = {}): ContainerSpec => ({
  image: 't:1',
  command: ['/script-repo/do_run'],
  workingDir: '/',
  env: [],
  mounts: [],
  privileged: false,
  capAdd: [],
  capDrop: [],
  labels: {},
  ...overrides,
});

/** What docker CLI 20.10.24 sends for `docker run -w / t:1 /script-repo/do_run`, seen on its socket, without what is empty. */
const PLAIN = {
  AttachStdout: true,
  AttachStderr: true,
  Cmd: ['/script-repo/do_run'],
  Image: 't:1',
  WorkingDir: '/',
  HostConfig: { NetworkMode: 'default', RestartPolicy: { Name: 'no' }, MemorySwappiness: -1 },
};

/** An empty value asks for the same as none: the engine decodes both alike. An entrypoint of `['']` is not empty. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  if (typeof value !== 'object' || value === null) return value || undefined;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const);
  const kept = entries.filter(([, inner]) => inner !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Ours without what the CLI was not asked for. */
function asked(overrides: Partial<ContainerSpec>) {
  const { HostConfig, ...rest } = containerRequest(spec(overrides), { logDriver: 'none' });
  const { LogConfig, ...host } = HostConfig ?? {};
  expect(LogConfig).toEqual({ Type: 'none', Config: {} });
  return withoutEmpty({ ...rest, HostConfig: host });
}

const host = (more: object) => ({ HostConfig: { ...PLAIN.HostConfig, ...more } });

describe('containerRequest asks what docker run asks', () => {
  it.each<[string, Partial<ContainerSpec>, object]>([
    ['nothing more', {}, {}],
    ['-w /repo', { workingDir: '/repo' }, { WorkingDir: '/repo' }],
    ['--env-file', { env: ['A=1', 'B=two words', 'A=2', 'E='] }, { Env: ['A=1', 'B=two words', 'A=2', 'E='] }],
    ["--entrypoint ''", { entrypoint: '' }, { Entrypoint: [''] }],
    ['--entrypoint /bin/sh', { entrypoint: '/bin/sh' }, { Entrypoint: ['/bin/sh'] }],
    ['--user 1000:1000', { user: '1000:1000' }, { User: '1000:1000' }],
    ['--privileged', { privileged: true }, host({ Privileged: true })],
    [
      '--cap-add, --cap-drop, as they are written',
      { capAdd: ['SYS_ADMIN', 'net_raw'], capDrop: ['ALL'] },
      host({ CapAdd: ['SYS_ADMIN', 'net_raw'], CapDrop: ['ALL'] }),
    ],
    ['--memory 67108864', { memoryBytes: 67108864 }, host({ Memory: 67108864 })],
    ['--label', { labels: { 'io.jobserv.run': 'x' } }, { Labels: { 'io.jobserv.run': 'x' } }],
    [
      '--mount, equal ones once',
      {
        mounts: [
          { source: '/w/archive', target: '/archive', readOnly: false },
          { source: '/w/a:b', target: '/shared', readOnly: true },
          { source: '/w/archive', target: '/archive', readOnly: false },
        ],
      },
      host({
        Mounts: [
          { Type: 'bind', Source: '/w/archive', Target: '/archive', ReadOnly: false },
          { Type: 'bind', Source: '/w/a:b', Target: '/shared', ReadOnly: true },
        ],
      }),
    ],
    [
      '-v for a source with a comma, which Podman would cut',
      { mounts: [{ source: '/w/a,b', target: '/m', readOnly: true }] },
      host({ Binds: ['/w/a,b:/m:ro'] }),
    ],
  ])('%s', (_, overrides, more) => {
    expect(asked(overrides)).toEqual({ ...PLAIN, ...more });
  });

  it('and keeps the container until its end has been read', () => {
    expect(containerRequest(spec(), { logDriver: 'none' }).HostConfig).not.toHaveProperty('AutoRemove');
  });

  it('with a bounded log of the engine, where another process shall go on reading', () => {
    const { HostConfig } = containerRequest(spec(), { logDriver: 'local' });
    expect(HostConfig?.LogConfig).toEqual({
      Type: 'local',
      Config: { 'max-size': '256m', 'max-file': '4', compress: 'false' },
    });
  });

  it("with the engine's own labels beside the run's, and over them", () => {
    const labels = { run: 'r', owner: 'me' };
    const asks = containerRequest(spec({ labels: { run: 'r', owner: 'forged' } }), { logDriver: 'none', labels });
    expect(asks.Labels).toEqual({ run: 'r', owner: 'me' });
  });
});
