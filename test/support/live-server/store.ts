/** What a live server knows: projects, runs, workers, keys. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { RunDefinition } from '../../../src/schema/index.js';
import { keyId, type TrustedKey } from './jwt.js';
import { LiveRun, type RunPlace } from './live-run.js';
import type { LiveWorker } from './live-worker.js';

/** Fields of a run definition; what is not given is the server's usual. */
export type RunFields = Partial<RunDefinition> & Record<string, unknown>;

export interface RunOptions {
  /** `unit` when not given. */
  name?: string;
  /** The next of its project when not given. */
  build?: number;
}

export class Store {
  readonly projects = new Set<string>();
  readonly runs: LiveRun[] = [];
  /** Texts that are handed out as run definitions before any run: what a real server never sends. */
  readonly strays: string[] = [];
  readonly workers = new Map<string, LiveWorker>();
  readonly trustedKeys = new Map<string, TrustedKey>();
  /** What check-ins say of the worker's program: with another than its own, a reference worker replaces itself. */
  workerVersion = '0'.repeat(32);
  /** Workers for surges only get work while this is on. */
  surge = false;
  /**
   * What becomes of X-OFFSET and X-RUN-STATUS of a console: some servers and proxies ignore the one, take the other
   * away, or send as many bytes as there are after the offset, but from the file's beginning (a `sendfile` of old).
   */
  consoleQuirk: 'none' | 'offset-ignored' | 'sent-from-0' | 'status-removed' = 'none';

  hasBuild(project: string, build: number): boolean {
    return this.runs.some((run) => run.project === project && run.build === build);
  }

  find(project: string, build: number, name: string): LiveRun | undefined {
    return this.ofBuild(project, build).find((run) => run.name === name);
  }

  ofBuild(project: string, build: number): LiveRun[] {
    return this.runs.filter((run) => run.project === project && run.build === build);
  }

  add(origin: string, fields: RunFields, options: RunOptions): LiveRun {
    const project = fields.project ?? 'acme/blinky';
    const last = Math.max(0, ...this.runs.filter((run) => run.project === project).map(({ build }) => build));
    const build = options.build ?? last + 1;
    const name = options.name ?? 'unit';
    if (this.find(project, build, name)) throw new Error(`two runs ${name} in build ${build} of ${project}`);
    const url = `${origin}/projects/${project}/builds/${build}/runs/${encodeURIComponent(name)}/`;
    const run = new LiveRun({ url, project, build, name }, definitionOf({ url, project, build, name }, fields));
    this.projects.add(project);
    this.runs.push(run);
    return run;
  }

  /** The oldest queued run for one of the worker's tags; it is the worker's from now on. */
  take(worker: LiveWorker): LiveRun | undefined {
    const fits = ({ definition }: LiveRun) => worker.tags.some((tag) => matches(tag, definition['host-tag']));
    const run = this.runs.find((one) => one.status === 'QUEUED' && fits(one));
    if (run) this.give(run, worker.name);
    return run;
  }

  give(run: LiveRun, worker: string): void {
    run.workerName = worker;
    run.acknowledged = false;
    run.setStatus('RUNNING', worker);
    run.append(`# Run sent to worker: ${worker}\n`);
  }

  /** What the server's monitor does after 15 s: runs that were given out and not heard of wait again. No event tells of it. */
  requeue(): LiveRun[] {
    const silent = this.runs.filter(({ status, acknowledged }) => status === 'RUNNING' && !acknowledged);
    for (const run of silent) {
      run.status = 'QUEUED';
      run.changed();
    }
    return silent;
  }

  /** The definition for a worker: with its secrets, and the addresses of the host that it asked. */
  handedOut(run: LiveRun, origin: string): RunDefinition {
    const here = (url: string) => `${origin}${new URL(url).pathname}`;
    const { definition } = run;
    const { H_TRIGGER_URL: trigger } = definition.env;
    return {
      ...definition,
      run_url: here(definition.run_url),
      runner_url: here(definition.runner_url),
      env: {
        ...definition.env,
        H_RUN_URL: here(definition.run_url),
        ...(trigger ? { H_TRIGGER_URL: here(trigger) } : {}),
      },
    };
  }

  /** Trusts a new key; the answer signs JWTs for workers. */
  trustNewKey(tags: readonly string[]): KeyObject {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    this.trustedKeys.set(keyId(publicKey), { key: publicKey, tags });
    return privateKey;
  }
}

function definitionOf({ url, project, build, name }: RunPlace, fields: RunFields): RunDefinition {
  const script = fields['script-repo'] ? {} : { script: '#!/bin/sh\ntrue\n' };
  const usual: RunDefinition = {
    project,
    timeout: 5,
    api_key: randomBytes(16).toString('hex'),
    run_url: url,
    frontend_url: url,
    runner_url: new URL('/runner', url).href,
    trigger_type: 'simple',
    container: 'busybox',
    'container-auth': null,
    privileged: false,
    'cap-add': null,
    'cap-drop': null,
    'container-user': null,
    'container-entrypoint': null,
    env: {},
    secrets: {},
    'test-grepping': null,
    'persistent-volumes': null,
    'shared-volumes': null,
    'host-tag': 'amd64',
    'console-progress': null,
    ...script,
  };
  const env = { ...fields.env, H_PROJECT: project, H_BUILD: String(build), H_RUN: name };
  return { ...usual, ...fields, env };
}

/** Python's `fnmatch`: the run's tag is the pattern. */
function matches(tag: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace('[!', '[^').replaceAll('\\', '\\\\');
    return part.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 's').test(tag);
}
