/**
 * The executor on a real engine: everything around it is the fakes', so that a test sees
 * what the story and the engine make of a script, and nothing else.
 */
import { createHash } from 'node:crypto';
import { connectEngine, type DockerEngine } from '../../src/docker/index.js';
import { executeRun, LIMITS, type Limits, type RunOutcome, type Workspace } from '../../src/executor/index.js';
import type { RunDefinition } from '../../src/schema/index.js';
import { type FakeWorld, type FakeWorldOptions, fakeWorld, never, rundef } from './fake-ports.js';
import { testImage } from './image.js';

export interface RealRun {
  outcome: RunOutcome;
  ports: FakeWorld;
  workspace: Workspace;
  /** What the script wrote: the console without the tool's own lines. */
  output: string;
}

export interface RealRunOptions extends FakeWorldOptions {
  script?: never;
  limits?: Partial<Limits>;
  signal?: AbortSignal;
  engine?: DockerEngine;
}

export async function runForReal(
  script: string,
  overrides: Partial<RunDefinition> = {},
  options: RealRunOptions = {},
): Promise<RealRun> {
  const { ports, workspace } = await fakeWorld(options as FakeWorldOptions);
  const image = await testImage();
  ports.engine = withoutPull(options.engine ?? (await connectEngine({ logDriver: 'none' })));
  const run = rundef({ container: image, script, ...overrides });
  const limits = { ...LIMITS, pullWaits: [], ...options.limits };
  const outcome = await executeRun(run, workspace, ports, options.signal ?? never, limits);
  return { outcome, ports, workspace, output: scriptOutput(ports.console()) };
}

/** The test image is built on the spot; there is no registry to pull it from. */
function withoutPull(engine: DockerEngine): FakeWorld['engine'] {
  return {
    address: engine.address,
    create: (spec, signal) => engine.create(spec, signal),
    reattach: (id) => engine.reattach(id),
    pull: async ({ reference }) => {
      const image = await engine.inspectImage(reference);
      if (image === undefined) throw new Error(`${reference} is not there`);
      return image;
    },
  };
}

function scriptOutput(console: string): string {
  return console.replaceAll(/^(== | {3})\d{4}-\d\d-\d\d [\d:.]+: [^\n]*\n/gm, '');
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
