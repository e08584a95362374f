/** The container contract with an engine that does not see this machine's files: the same, but for what a mount is. */
import { it } from 'vitest';
import { connectEngine } from '../../src/docker/index.js';
import { canBeElsewhere, EngineElsewhere } from './engine-elsewhere.js';
import type { ProbeFacts } from './probe.js';
import type { ProbeCase } from './probe-cases.js';
import { describeProbe } from './probe-suite.js';

/** @param select the cases that are executed */
export function describeProbeElsewhere(select: (cases: ProbeCase[]) => ProbeCase[]): void {
  if (!canBeElsewhere) {
    it('an engine elsewhere', (context) => context.skip('it needs root, for namespaces of its own'));
    return;
  }
  const open = async () => {
    const elsewhere = await EngineElsewhere.start();
    const engine = await connectEngine({
      logDriver: 'none',
      surroundings: { env: { DOCKER_HOST: elsewhere.address } },
    });
    return { engine, folder: elsewhere.hidden, stop: () => elsewhere.stop() };
  };
  describeProbe(open, { expected: withVolumes, select });
}

/**
 * The ledger's `remote-engine`: folders are volumes of the engine, single files are the container's own, and the
 * probe looks only at what is mounted.
 */
function withVolumes(facts: ProbeFacts | undefined): ProbeFacts | undefined {
  if (facts === undefined) return undefined;
  const folders = facts.mounts.filter((line) => !/^\/root\/\.(netrc|curlrc) /.test(line));
  const volume = ' is a volume of the engine';
  const mounts = folders.map((line) => line.replace(/ (is a volume of the engine|\S+ \S+)$/, volume)).sort();
  const { '/root/.netrc': _netrc, '/root/.curlrc': _curlrc, ...mounted } = facts.files;
  const files = mounts.some((line) => line.startsWith('/root ')) ? facts.files : mounted;
  // A folder over the engine's own /dev/shm looks like it here, and a volume does not.
  const shm = facts.devices['shm'] === 'other';
  const engineMounts = { added: ['/dev/shm is a volume of the engine'], missing: ['/dev/shm rw private'] };
  return { ...facts, files, mounts, ...(shm && { engineMounts }) };
}
