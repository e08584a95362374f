// The container engine, as scripts/setup needs it; plain JavaScript, so that it runs before `npm ci`.
//
//   node scripts/engine.mjs find [IMAGE]           the engine's address, then the recipe label of IMAGE
//   node scripts/engine.mjs build IMAGE RECIPE     builds IMAGE from the tar on stdin
//
// Exit status 1: no engine answers (what was tried is on stderr), or the build failed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

const LABEL = 'jobserv.recipe';
const env = process.env;

function contextAddress() {
  const folder = env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  try {
    const name = env.DOCKER_CONTEXT ?? JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).currentContext;
    if (!name || name === 'default') return undefined;
    const id = createHash('sha256').update(name).digest('hex');
    return JSON.parse(readFileSync(join(folder, 'contexts/meta', id, 'meta.json'), 'utf8')).Endpoints.docker.Host;
  } catch {
    return undefined; // No docker client was ever set up here.
  }
}

function addresses() {
  if (env.DOCKER_HOST) return [env.DOCKER_HOST];
  const runtime = env.XDG_RUNTIME_DIR;
  const sockets = [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    join(homedir(), '.colima/default/docker.sock'),
    join(homedir(), '.rd/docker.sock'),
    ...(runtime ? [join(runtime, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
  ];
  const context = contextAddress();
  return [...(context ? [context] : []), ...sockets.filter((path) => existsSync(path)).map((path) => `unix://${path}`)];
}

function request(address, method, path, { body, timeout = 5000, headers = {} } = {}) {
  const target = address.startsWith('unix://')
    ? { socketPath: address.slice('unix://'.length) }
    : { host: new URL(address).hostname, port: new URL(address).port || 2375 };
  return new Promise((resolve, reject) => {
    const call = http.request(
      { ...target, method, path, timeout, headers: { host: 'engine', ...headers } },
      (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer in time')));
    call.on('error', reject);
    if (body) body.pipe(call);
    else call.end();
  });
}

async function findEngine() {
  const tried = [];
  for (const address of addresses()) {
    try {
      const { status } = await request(address, 'GET', '/_ping');
      if (status === 200) return address;
      tried.push(`${address}: status ${status}`);
    } catch (error) {
      tried.push(`${address}: ${error.message}`);
    }
  }
  process.stderr.write(
    `No container engine answers. ${tried.length ? `Tried ${tried.join('; ')}.` : 'No socket was found.'}\n`,
  );
  return process.exit(1);
}

async function find(image) {
  const address = await findEngine();
  process.stdout.write(`${address}\n`);
  if (!image) return;
  const { status, text } = await request(address, 'GET', `/images/${image}/json`);
  if (status === 200) process.stdout.write(`${JSON.parse(text).Config?.Labels?.[LABEL] ?? ''}\n`);
}

async function build(image, recipe) {
  const address = await findEngine();
  const query = new URLSearchParams({
    t: image,
    labels: JSON.stringify({ [LABEL]: recipe }),
    rm: 'true',
    forcerm: 'true',
  });
  const { status, text } = await request(address, 'POST', `/build?${query}`, {
    body: process.stdin,
    timeout: 300_000,
    headers: { 'content-type': 'application/x-tar' },
  });
  const events = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const failure = status === 200 ? events.find((event) => event.error)?.error : text;
  if (failure) {
    process.stderr.write(`The engine could not build ${image}: ${failure}\n`);
    process.exit(1);
  }
}

const [command, ...args] = process.argv.slice(2);
await { find, build }[command](...args);
