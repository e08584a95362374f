/** Docker's contexts: named endpoints that `docker context` keeps beside the client's config. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tls } from './endpoint.js';

export interface DockerContext {
  /** As in the meta file: `unix:///…`, `tcp://…`, `ssh://…`. */
  host: string;
  tls?: Tls;
}

/** @throws Error whose message says why the context cannot be used */
export async function readDockerContext(folder: string, name: string): Promise<DockerContext> {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(folder, 'contexts', 'meta', id, 'meta.json');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`there is no such context (${path} cannot be read)`);
  });
  const endpoint = endpointOf(text);
  if (typeof endpoint?.Host !== 'string') throw new Error(`${path} names no docker endpoint`);
  const tls = await readTls(join(folder, 'contexts', 'tls', id, 'docker'), endpoint.SkipTLSVerify !== true);
  return { host: endpoint.Host, ...(tls ? { tls } : {}) };
}

function endpointOf(text: string): { Host?: unknown; SkipTLSVerify?: unknown } | undefined {
  try {
    return JSON.parse(text)?.Endpoints?.docker;
  } catch {
    return undefined;
  }
}

/** The certificates in a folder, or undefined when it holds none. */
export async function readTls(folder: string, verify: boolean): Promise<Tls | undefined> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(join(folder, name)).catch(() => undefined)),
  );
  if (!ca && !cert && !key) return undefined;
  return { verify, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}
