import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { currentOwner, ownerState } from '../../../src/docker/index.js';

/** The label of this process with some of its fields changed. */
const changed = async (fields: Record<number, string>): Promise<string> => {
  const parts = (await currentOwner()).split(':');
  return parts.map((part, index) => fields[index] ?? part).join(':');
};

/** Start time of any process, from what the label of that process would hold. */
async function labelOfChild(): Promise<{ label: string; end: () => Promise<void> }> {
  const script = `import(${JSON.stringify(new URL('../../../src/docker/process-owner.ts', import.meta.url).href)})`;
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `${script}.then(async (m) => { console.log(await m.currentOwner()); setInterval(() => {}, 1000); })`,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const end = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { label: line.toString().trim(), end };
}

describe('ownerState', () => {
  it('says that this process lives', async () => {
    expect(await ownerState(await currentOwner())).toBe('alive');
  });

  it('follows another process to its death', async () => {
    const { label, end } = await labelOfChild();
    expect(await ownerState(label)).toBe('alive');
    await end();
    expect(await ownerState(label)).toBe('dead');
  });

  it('tells a process from a later one with its pid', async () => {
    expect(await ownerState(await changed({ 1: '1' }))).toBe('dead');
  });

  it('takes all processes of before a reboot for dead', async () => {
    expect(await ownerState(await changed({ 2: 'another-boot' }))).toBe('dead');
  });

  it('does not judge other machines, other pid namespaces, or other kinds of owner', async () => {
    expect(await ownerState(await changed({ 3: 'elsewhere/0/0' }))).toBe('elsewhere');
    const own = (await currentOwner()).split(':')[3] ?? '';
    expect(await ownerState(await changed({ 3: own.replace(/\d+$/, '1') }))).toBe('elsewhere');
    for (const label of ['', 'worker:blue', 'x', '1:2:3', '-1:2:3:4', '1:2:3:4:5']) {
      expect(await ownerState(label), label).toBe('elsewhere');
    }
  });
});
