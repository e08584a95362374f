import { describe, expect, it } from 'vitest';
import { containerSpec, volumeMount } from '../../../src/executor/index.js';
import { rundef } from '../../support/fake-ports.js';

const around = { command: '/script-repo/do_run', workingDir: '/', env: ['A=b'], mounts: [] };

describe('the container of a rundef', () => {
  it('keeps the image as it is when the rundef says nothing', () => {
    expect(containerSpec(rundef(), around)).toEqual({
      image: 'alpine:3.20',
      command: ['/script-repo/do_run'],
      workingDir: '/',
      env: ['A=b'],
      mounts: [],
      privileged: false,
      capAdd: [],
      capDrop: [],
      labels: { 'io.jobserv.run': 'unit' },
    });
  });

  it('takes user, entrypoint, capabilities and memory over', () => {
    const run = rundef({
      'container-user': 'nobody',
      'container-entrypoint': '',
      privileged: true,
      'cap-add': ['NET_ADMIN'],
      'cap-drop': ['MKNOD'],
    });
    expect(containerSpec(run, { ...around, memoryBytes: 1 })).toMatchObject({
      user: 'nobody',
      entrypoint: '',
      privileged: true,
      capAdd: ['NET_ADMIN'],
      capDrop: ['MKNOD'],
      memoryBytes: 1,
    });
  });

  it.each([
    ['/x', false, { target: '/x', readOnly: false }],
    ['/x', true, { target: '/x', readOnly: true }],
    ['/x:ro', false, { target: '/x', readOnly: true }],
    ['/x:rw,z', false, { target: '/x', readOnly: false }],
    ['/x:private', false, { target: '/x', readOnly: false, propagation: 'private' }],
    ['/x:ro,rslave', false, { target: '/x', readOnly: true, propagation: 'rslave' }],
  ])('mounts a volume at %s (read-only: %s)', (path, readOnly, expected) => {
    expect(volumeMount('/host', path, readOnly)).toEqual({ source: '/host', ...expected });
  });

  it.each(['', 'x', './x', '/', '//', '/x:', '/x:sometimes', '/x:ro:rw', '/x\0'])('refuses a volume at %j', (path) => {
    expect(() => volumeMount('/host', path, false)).toThrow(/cannot be mounted/);
  });

  it('refuses a mode for a volume that has one already', () => {
    expect(() => volumeMount('/host', '/x:rw', true)).toThrow(/cannot be mounted/);
  });
});
