import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Definition, expand } from '../../../src/schema/index.js';
import { type PlanRequest, planRuns } from '../../../src/simulator/index.js';

const definition: Definition = {
  timeout: 5,
  scripts: { s: '#!/bin/sh\n', asks: '#!/bin/sh\ncat /secrets/only-for-passed\n' },
  triggers: [
    {
      name: 't',
      type: 'simple',
      runs: ['passed', 'failed', 'interrupted', 'killed', 'new'].map((name) => ({
        name,
        container: name === 'passed' ? 'image:passed' : 'image',
        'host-tag': 'amd64',
        script: name === 'passed' ? 'asks' : 's',
      })),
    },
  ],
};

let cache: string;
const warnings: string[] = [];

beforeEach(() => {
  warnings.length = 0;
  cache = mkdtempSync(join(tmpdir(), 'jobserv-failed-'));
  for (const [run, status] of Object.entries({
    passed: 'PASSED',
    failed: 'FAILED',
    interrupted: 'INTERRUPTED',
    killed: '',
  })) {
    const root = join(cache, 'p', 't', run);
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'rundef.json'), '{}');
    if (status !== '') writeFileSync(join(root, 'result.json'), JSON.stringify({ status }));
  }
});

async function failed(...names: string[]) {
  const request: PlanRequest = {
    arguments: names,
    failed: true,
    loadDefinition: async () => ({ path: 'x.yml', definition, triggers: expand(definition) }),
    params: {},
    secrets: {},
    project: 'p',
    build: 1,
    images: { 'image:passed': 'other' },
    access: {},
    flaggedSecrets: new Set(),
    secretFiles: [],
    sharedVolumes: {},
    warn: (message) => warnings.push(message),
    choose: undefined,
    ask: undefined,
    signal: new AbortController().signal,
  };
  const means = {
    cache,
    differences: [],
    upstreams: { read: () => Promise.reject(new Error('nothing is upstream')) },
    checkout: () => Promise.reject(new Error('no run needs one')),
  };
  return (await planRuns(request, means)).planned.map(({ run }) => run);
}

describe('--failed', () => {
  it('waits for no pipe or device in the place of a result, and takes the run', async () => {
    const [device, pipe] = ['passed', 'failed'].map((run) => join(cache, 'p', 't', run, 'result.json')) as [
      string,
      string,
    ];
    for (const path of [device, pipe]) rmSync(path);
    symlinkSync('/dev/zero', device);
    execFileSync('mkfifo', [pipe]);
    expect(await failed('passed', 'failed')).toEqual(['passed', 'failed']);
  });

  it('chooses what failed, was interrupted or killed the last time, of all runs where none is named', async () => {
    expect(await failed()).toEqual(['failed', 'interrupted', 'killed']);
    expect(warnings).toEqual([]);
  });

  it('chooses among the runs that are named', async () => {
    expect(await failed('t/*ed')).toEqual(['failed', 'interrupted', 'killed']);
    expect(await failed('killed', 'passed')).toEqual(['killed']);
    expect(await failed('passed', 'new')).toEqual([]);
  });

  it('says that it has nothing to choose from where run definitions are named', async () => {
    const rundef = join(cache, 'rundef.json');
    writeFileSync(rundef, JSON.stringify({ container: 'image', script: '#!/bin/sh\n' }));
    await expect(failed(rundef)).rejects.toThrow('--failed chooses among the runs of a project definition');
  });
});
