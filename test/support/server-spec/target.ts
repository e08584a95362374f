/**
 * The server that the specification of the live server is checked against: the live server itself,
 * or, where `JOBSERV_TEST_SERVER` is given, a reference JobServ server, so that the two cannot drift.
 *
 * For a reference server (its address must be the one that it sees itself under):
 * - `JOBSERV_TEST_SERVER`: its address, `http://host:port`.
 * - `JOBSERV_TEST_SERVER_KEY`: its `INTERNAL_API_KEY`; projects are made and builds triggered with it.
 * - `JOBSERV_TEST_WORKER_KEY`: file with the private key (PEM) of a certificate in its `WORKER_JWTS_DIR`
 *   that has no organisational units (`flask create-worker-jwt`).
 * - `JOBSERV_TEST_TAGGED_WORKER_KEY`: the same of a certificate with `amd64` and `arm64` as such units.
 *
 * It makes one project, `spec-<number>`, builds for a host tag of their own, and workers that it unregisters.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'undici';
import type { RunDefinition } from '../../../src/schema/index.js';
import { makeJwt } from '../live-server/jwt.js';
import { type LiveServer, startLiveServer } from '../live-server/live-server.js';

/** What the specification varies of a run. */
export type RunParts = Partial<Pick<RunDefinition, 'secrets' | 'test-grepping' | 'console-progress'>>;

export interface Target {
  readonly url: string;
  readonly project: string;
  /** The host tag of every run here. */
  readonly tag: string;
  /** A new build with the run `unit`, queued. @returns its address */
  queue(parts: RunParts): Promise<string>;
  /** Somebody cancels the run. */
  cancel(runUrl: string): Promise<void>;
  /** @param tagged one that allows only amd64 and arm64 */
  jwt(name: string, options?: { expiresIn?: number; tagged?: boolean }): string;
  stop(): Promise<void>;
}

export async function startTarget(): Promise<Target> {
  const url = process.env['JOBSERV_TEST_SERVER'];
  return url ? referenceTarget(url.replace(/\/$/, '')) : liveTarget(await startLiveServer());
}

/** Differs between test runs: a reference server keeps what it was told. */
const NUMBER = `${Date.now()}`;

function liveTarget(server: LiveServer): Target {
  const project = `spec-${NUMBER}`;
  const tag = `tag-${NUMBER}`;
  return {
    url: server.url,
    project,
    tag,
    queue: async (parts) => server.queue({ ...parts, project, 'host-tag': tag }).url,
    cancel: async (runUrl) => server.run(runUrl).cancel(),
    jwt: (name, { expiresIn = 3600, tagged = false } = {}) =>
      server.jwt(name, { expiresIn, tags: tagged ? ['amd64', 'arm64'] : [] }),
    stop: () => server.stop(),
  };
}

async function referenceTarget(url: string): Promise<Target> {
  const project = `spec-${NUMBER}`;
  const tag = `tag-${NUMBER}`;
  await signed('POST', `${url}/projects/`, { name: project });
  return {
    url,
    project,
    tag,
    queue: async ({ secrets, ...parts }) => {
      const run = { name: 'unit', container: 'busybox', 'host-tag': tag, script: 'go', ...parts };
      const definition = {
        timeout: 5,
        scripts: { go: '#!/bin/sh\ntrue\n' },
        triggers: [{ name: 'spec', type: 'simple', runs: [run] }],
      };
      const build = { 'trigger-name': 'spec', secrets: secrets ?? {}, 'project-definition': definition };
      const { url: made } = await signed('POST', `${url}/projects/${project}/builds/`, build);
      return `${made}runs/unit/`;
    },
    cancel: async (runUrl) => {
      await signed('POST', `${runUrl}cancel`);
    },
    jwt: (name, { expiresIn = 3600, tagged = false } = {}) => {
      const file = variable(tagged ? 'JOBSERV_TEST_TAGGED_WORKER_KEY' : 'JOBSERV_TEST_WORKER_KEY');
      return makeJwt(readFileSync(file, 'utf8'), name, Date.now() / 1000 + expiresIn);
    },
    stop: async () => {},
  };
}

/** A call that only the server's own parts may make. */
async function signed(method: 'POST', url: string, body?: object): Promise<Record<string, unknown>> {
  const time = String(Math.round(Date.now() / 1000));
  const key = variable('JOBSERV_TEST_SERVER_KEY');
  const signature = createHmac('sha1', key).update(`${method},${time},${url}`).digest('hex');
  const headers = { 'x-time': time, 'x-jobserv-sig': signature, 'content-type': 'application/json' };
  const answer = await request(url, { method, headers, body: JSON.stringify(body ?? {}) });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.statusCode} ${text}`);
  return (JSON.parse(text) as { data: Record<string, unknown> }).data;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`JOBSERV_TEST_SERVER is given, but ${name} is not (test/support/server-spec/target.ts)`);
  return value;
}
