/**
 * Ports that do what a test says: an engine that runs a JavaScript function as its script,
 * and a reporter that keeps all it was told. The story is tested against these first, and
 * against the real engine in test/docker.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type ArtifactFile,
  type Container,
  type ContainerExit,
  type ContainerSpec,
  openWorkspace,
  type Phase,
  type PullRequest,
  type RebootRequest,
  RunFailure,
  type RunPorts,
  type RunStatus,
  type Workspace,
} from '../../src/executor/index.js';
import type { RunDefinition, Test } from '../../src/schema/index.js';

/** What a fake container does. `print` writes to the console; `killed` aborts when the container is killed. */
export type FakeScript = (container: {
  spec: ContainerSpec;
  print(text: string | Uint8Array): Promise<void>;
  archive: string;
  killed: AbortSignal;
}) => Promise<number | Partial<ContainerExit>>;

export interface FakeWorld extends RunPorts {
  /** One word for each thing that happened, in order. */
  story: string[];
  console(): string;
  specs: ContainerSpec[];
  /** The containers that exist now. */
  alive: Set<string>;
  cancel(): void;
}

export interface FakeWorldOptions {
  script?: FakeScript;
  /** What each pull in turn does; a pull after the last one succeeds. */
  pulls?: (RunFailure | undefined)[];
  /** Called instead of doing nothing, by the port's name. */
  checkout?: (directory: string) => Promise<void>;
  checkoutScripts?: (directory: string) => Promise<void>;
  store?: (files: ArtifactFile[]) => Promise<void>;
  reboot?: (request: RebootRequest) => Promise<void>;
  dispose?: () => Promise<void>;
  /** What reattaching finds. */
  running?: Container;
  write?: (bytes: Uint8Array) => void | Promise<void>;
  /** false: what is written is not kept, for tests of memory. */
  keepConsole?: boolean;
  memoryBytes?: number;
  dockerConfig?: string;
  certificates?: string;
  proxies?: string[];
}

/** A folder of the current test's own; gone when the test is. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'jobserv-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function fakeWorld(options: FakeWorldOptions = {}): Promise<{ ports: FakeWorld; workspace: Workspace }> {
  const parent = await scratchFolder();
  const workspace = await openWorkspace(join(parent, 'run'));
  const story: string[] = [];
  const chunks: Uint8Array[] = [];
  const cancelled = new AbortController();
  const pulls = [...(options.pulls ?? [])];
  const specs: ContainerSpec[] = [];
  const alive = new Set<string>();

  const ports: FakeWorld = {
    story,
    specs,
    alive,
    console: () => Buffer.concat(chunks).toString(),
    cancel: () => cancelled.abort(new RunFailure('cancelled', 'The server cancelled the run.')),
    reporter: {
      cancelled: cancelled.signal,
      write: (bytes) => {
        if (options.keepConsole !== false) chunks.push(Uint8Array.from(bytes));
        return options.write?.(bytes);
      },
      status: async (status: RunStatus) => void story.push(`status ${status}`),
      test: async (test: Test) => void story.push(`test ${test.name} ${test.status}`),
    },
    engine: {
      address: 'unix:///fake.sock',
      pull: async ({ reference, credentials }: PullRequest) => {
        story.push(credentials === undefined ? `pull ${reference}` : `pull ${reference} as ${credentials.username}`);
        const failure = pulls.shift();
        if (failure !== undefined) throw failure;
        return { id: 'sha256:1', digest: 'sha256:2', os: 'linux', architecture: 'amd64' };
      },
      create: async (spec) => {
        specs.push(spec);
        return fakeContainer(spec);
      },
      reattach: async (id) => {
        story.push(`reattach ${id}`);
        const container = options.running;
        if (container === undefined) throw new RunFailure('lost', `${id} is gone`);
        return container;
      },
    },
    source: {
      checkout: async ({ directory }) => {
        story.push('checkout');
        await mkdir(directory);
        await options.checkout?.(directory);
      },
      checkoutScripts: async ({ directory, cloneUrl }) => {
        story.push(`checkout-scripts ${cloneUrl}`);
        await mkdir(directory);
        await options.checkoutScripts?.(directory);
        return { sha: 'f'.repeat(40) };
      },
    },
    artifacts: {
      store: async (_root, files) => {
        story.push(`store ${files.map((file) => file.path).join(' ')}`.trim());
        await options.store?.(files);
      },
    },
    host: {
      persistentVolume: async (project, name) => {
        const folder = join(parent, 'volumes', project, name);
        await mkdir(folder, { recursive: true });
        return folder;
      },
      sharedVolume: async (name) => {
        const folder = join(parent, 'shared', name);
        await mkdir(folder, { recursive: true });
        return folder;
      },
      certificates: options.certificates,
      dockerConfig: async () => options.dockerConfig,
      proxies: async () => options.proxies ?? [],
      ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
      takeOwnership: async () => undefined,
    },
    reboot: {
      reboot: async (request) => {
        story.push(request.cold ? 'cold-reboot' : 'reboot');
        await options.reboot?.(request);
      },
    },
    journal: {
      begin: (phase: Phase) => void story.push(`> ${phase}`),
      end: (phase: Phase) => void story.push(`< ${phase}`),
    },
  };

  function fakeContainer(spec: ContainerSpec): Container {
    const id = `c${specs.length}`;
    alive.add(id);
    story.push('create');
    const killed = new AbortController();
    let exit: Promise<ContainerExit> | undefined;
    let printed = 0;
    const count = (text: string | Uint8Array) => {
      printed += Buffer.from(text).length;
      return { stdout: printed, stderr: 0 };
    };
    return {
      id,
      start: async (sink) => {
        story.push('start');
        const script = options.script ?? (async () => 0);
        const print = async (text: string | Uint8Array) => void (await sink(Buffer.from(text), count(text)));
        exit = script({ spec, print, archive: workspace.archive, killed: killed.signal }).then((end) => ({
          exitCode: 0,
          oomKilled: false,
          ...(typeof end === 'number' ? { exitCode: end } : end),
        }));
        exit.catch(() => {});
      },
      wait: () => exit as Promise<ContainerExit>,
      kill: async () => {
        story.push('kill');
        killed.abort();
      },
      exec: async (argv) => {
        story.push(`exec ${argv[0]}`);
        return Buffer.from('PID 1 do_run');
      },
      dispose: async () => {
        alive.delete(id);
        await options.dispose?.();
      },
    };
  }

  return { ports, workspace };
}

/** Ends when the container is killed, as a script that sleeps for ever does. */
export const untilKilled: FakeScript = ({ killed }) =>
  new Promise((resolve) => killed.addEventListener('abort', () => resolve(137), { once: true }));

/** A rundef with nothing special about it. */
export function rundef(overrides: Partial<RunDefinition> = {}): RunDefinition {
  return {
    project: 'acme/blinky',
    timeout: 5,
    api_key: 'key',
    run_url: 'https://ci.example.org:8080/projects/acme/blinky/builds/7/runs/unit/',
    frontend_url: 'https://ci.example.org/',
    runner_url: 'https://ci.example.org/runner',
    trigger_type: 'simple',
    container: 'alpine:3.20',
    'container-auth': null,
    privileged: false,
    'cap-add': null,
    'cap-drop': null,
    'container-user': null,
    'container-entrypoint': null,
    env: { H_PROJECT: 'acme/blinky', H_BUILD: '7', H_RUN: 'unit' },
    secrets: {},
    'test-grepping': null,
    'persistent-volumes': null,
    'shared-volumes': null,
    'host-tag': 'amd64',
    'console-progress': null,
    script: '#!/bin/sh\ntrue\n',
    ...overrides,
  };
}

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

export async function leave(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}
