/** The world around one case of the probe: real engine, real git, folders of its own, a console that is kept. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proxyEnvironment } from '../../src/docker/index.js';
import {
  type ContainerEngine,
  executeRun,
  type Host,
  LIMITS,
  openWorkspace,
  type RunOutcome,
  type RunPorts,
} from '../../src/executor/index.js';
import { gitSource } from '../../src/git/index.js';
import { caseRunDefinition, fill, type Placeholders, type ProbeCase } from './probe-cases.js';

export interface ProbeRun {
  outcome: RunOutcome;
  console: Buffer;
  /** What the reporter was told. */
  statuses: string[];
}

export async function runProbeCase(
  probeCase: ProbeCase,
  placeholders: Placeholders,
  engine: ContainerEngine,
  folder: string,
): Promise<ProbeRun> {
  await mkdir(folder, { recursive: true });
  const run = caseRunDefinition(probeCase, placeholders);
  run.env = { ...run.env, H_WORKER: 'probe-worker' };
  const console: Buffer[] = [];
  const statuses: string[] = [];
  const ports: RunPorts = {
    reporter: {
      write: (bytes) => void console.push(Buffer.from(bytes)),
      status: async (status) => void statuses.push(status),
      test: async () => {},
      cancelled: new AbortController().signal,
    },
    engine,
    source: gitSource({ waits: [] }),
    artifacts: { store: async () => {} },
    host: await caseHost(probeCase, run.project, placeholders, folder),
    reboot: { reboot: () => Promise.reject(new Error('No case of the probe asks for a reboot.')) },
    journal: { begin: () => {}, end: () => {} },
  };
  const workspace = await openWorkspace(join(folder, 'run'));
  const limits = { ...LIMITS, pullWaits: [] };
  const outcome = await executeRun(run, workspace, ports, new AbortController().signal, limits);
  return { outcome, console: Buffer.concat(console), statuses };
}

async function caseHost(
  { host = {} }: ProbeCase,
  project: string,
  placeholders: Placeholders,
  folder: string,
): Promise<Host> {
  const { dockerConfig: template, certificates, sharedVolumes = {}, persistentVolumes = {}, memoryBytes } = host;
  const dockerConfig = template === undefined ? undefined : (fill(template, placeholders) as string);
  for (const [name, files] of Object.entries(persistentVolumes)) {
    await fillFolder(join(folder, 'volumes', project, name), files);
  }
  for (const [name, files] of Object.entries(sharedVolumes)) {
    if (typeof files !== 'string') await fillFolder(join(folder, 'shared', name), files);
  }
  return {
    persistentVolume: (owner, name) => fillFolder(join(folder, 'volumes', owner, name), {}),
    sharedVolume: async (name) => {
      const files = sharedVolumes[name];
      return join(folder, 'shared', typeof files === 'string' ? files.slice('same:'.length) : name);
    },
    certificates: certificates ? placeholders['certificates'] : undefined,
    dockerConfig: async () => dockerConfig,
    proxies: async (address) => proxyEnvironment(parsed(dockerConfig), address),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    takeOwnership: async () => undefined,
  };
}

/** As a worker under umask 022 makes it, whatever this process's own. */
async function fillFolder(path: string, files: Record<string, string>): Promise<string> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, name), text);
    await chmod(join(path, name), 0o644);
  }
  return path;
}

/** A config that is no JSON counts as none, to the docker CLI too. */
function parsed(text: string | undefined): Parameters<typeof proxyEnvironment>[0] {
  try {
    return { proxies: {}, ...JSON.parse(text ?? '{}') };
  } catch {
    return { proxies: {} };
  }
}
