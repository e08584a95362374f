/** Short ways to run something in a container of the test image. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { DockerEngine } from '../../src/docker/index.js';
import type { ContainerExit, ContainerSpec, Log } from '../../src/executor/index.js';
import { testImage } from './image.js';

export const never = new AbortController().signal;

export async function shell(script: string, overrides: Partial<ContainerSpec> = {}): Promise<ContainerSpec> {
  return {
    image: await testImage(),
    entrypoint: '/bin/sh',
    command: ['-c', script],
    workingDir: '/',
    env: [],
    mounts: [],
    privileged: false,
    capAdd: [],
    capDrop: [],
    labels: {},
    ...overrides,
  };
}

export interface Ended {
  exit: ContainerExit;
  output: Buffer;
}

/** Runs a container to its end and removes it. */
export async function runToEnd(engine: DockerEngine, spec: ContainerSpec): Promise<Ended> {
  const container = await engine.create(spec, never);
  const chunks: Buffer[] = [];
  try {
    await container.start((chunk) => {
      chunks.push(Buffer.from(chunk));
    });
    const exit = await container.wait();
    return { exit, output: Buffer.concat(chunks) };
  } finally {
    await container.dispose();
  }
}

/** Resolves when the output holds the text; give its `sink` to `start`. */
export function awaitOutput(text: string): {
  sink: (chunk: Buffer) => void;
  seen: Promise<void>;
  output: () => string;
} {
  let output = '';
  let resolve = () => {};
  const seen = new Promise<void>((done) => {
    resolve = done;
  });
  const sink = (chunk: Buffer) => {
    output += chunk;
    if (output.includes(text)) resolve();
  };
  return { sink, seen, output: () => output };
}

/** A log that keeps what it is told. */
export function memoryLog(): Log & { text: () => string } {
  let text = '';
  const add = (prefix: string) => async (line: string) => {
    text += `${prefix}${line}\n`;
  };
  return {
    heading: add('== '),
    info: add('INFO '),
    warn: add('WARN '),
    error: add('ERROR '),
    raw: async (bytes) => {
      text += Buffer.from(bytes).toString();
    },
    text: () => text,
  };
}

/** Force-removes a container as anybody with access to the engine's socket may. */
export async function removeBehindTheBack(engine: DockerEngine, id: string): Promise<void> {
  const socketPath = engine.address.slice('unix://'.length);
  const call = request({ socketPath, method: 'DELETE', path: `/containers/${id}?force=true` });
  call.end();
  const [answer] = await once(call, 'response');
  answer.resume();
  await once(answer, 'end');
}
