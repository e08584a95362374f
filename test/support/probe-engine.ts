/**
 * The probe's images, and the baseline that its answers are compared with: asked of the
 * engine's API by hand, so that no code of ours has a say in what the engine's defaults are.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseProbe, type RawProbe } from './probe-output.js';

const fixtures = fileURLToPath(new URL('../../fixtures/probe/', import.meta.url));

export const PROBE_IMAGES = ['plain', 'entrypoint', 'user'] as const;

/** Builds `jobserv-test:<stage>` from `fixtures/probe/Dockerfile` and a static busybox of this machine. */
export async function buildProbeImages(address: string): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'jobserv-probe-image-'));
  try {
    for (const name of ['Dockerfile', 'passwd', 'group', 'entry'])
      copyFileSync(join(fixtures, name), join(context, name));
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    const tar = execFileSync('tar', ['-C', context, '-c', '.'], { maxBuffer: 64 * 1024 * 1024 });
    for (const stage of PROBE_IMAGES) {
      const log = await ask(address, 'POST', `/build?t=jobserv-test:${stage}&target=${stage}&rm=1`, tar);
      if (/"error"/.test(log.toString())) throw new Error(`jobserv-test:${stage} could not be built: ${log}`);
    }
  } finally {
    rmSync(context, { recursive: true });
  }
}

/** What the probe says in a container about which nothing was asked. */
export async function probeBaseline(address: string): Promise<RawProbe> {
  const spec = {
    Image: 'jobserv-test:plain',
    Cmd: ['/probe'],
    HostConfig: { Binds: [`${join(fixtures, 'probe.sh')}:/probe:ro`], LogConfig: { Type: 'json-file' } },
  };
  const created = await ask(address, 'POST', '/containers/create', Buffer.from(JSON.stringify(spec)));
  const { Id } = JSON.parse(created.toString()) as { Id: string };
  try {
    await ask(address, 'POST', `/containers/${Id}/start`);
    await ask(address, 'POST', `/containers/${Id}/wait`);
    const probe = parseProbe(withoutFrames(await ask(address, 'GET', `/containers/${Id}/logs?stdout=1`)));
    if (probe === undefined) throw new Error('The probe did not come to its end in a container of the defaults.');
    return probe;
  } finally {
    await ask(address, 'DELETE', `/containers/${Id}?force=1&v=1`);
  }
}

/** Each frame: a byte for the stream, three zeros, four bytes of length (Engine API, attach). */
function withoutFrames(stream: Buffer): Buffer {
  const payloads: Buffer[] = [];
  for (let at = 0; at + 8 <= stream.length; ) {
    const end = at + 8 + stream.readUInt32BE(at + 4);
    payloads.push(stream.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(payloads);
}

/** One call of the Engine API; throws with the engine's words for a status of 400 and more. */
function ask(address: string, method: string, path: string, body?: Buffer): Promise<Buffer> {
  const url = new URL(address);
  const place: RequestOptions =
    url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
  const type = path.startsWith('/build') ? 'application/x-tar' : 'application/json';
  const headers = body === undefined ? {} : { 'content-type': type, 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const call = request({ ...place, method, path: `/v1.41${path}`, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks);
        if ((response.statusCode ?? 500) < 400) resolve(answer);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
