/** Ends of a container that only Docker's own engine is held to here: memory, removal, closed consoles. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { connectEngine, type DockerEngine } from '../../src/docker/index.js';
import { awaitOutput, never, removeBehindTheBack, runToEnd, shell } from '../support/containers.js';

const MIB = 1024 * 1024;
let engine: DockerEngine;
beforeAll(async () => {
  engine = await connectEngine({ logDriver: 'none' });
});

describe('the end of a container', () => {
  // Docker 20.10 on a busy machine misses one in twenty: its own `State.OOMKilled` is false, and there is no event.
  it('says that memory ran out, when the engine has noticed', async () => {
    const spec = await shell('dd if=/dev/zero of=/dev/null bs=100M count=1', { memoryBytes: 16 * MIB });
    await vi.waitFor(
      async () => expect((await runToEnd(engine, spec)).exit).toEqual({ exitCode: 137, oomKilled: true }),
      { timeout: 60_000 },
    );
  });

  it('is a loss when somebody removed the container', async () => {
    const container = await engine.create(await shell('echo ready; exec sleep 60'), never);
    const { sink, seen } = awaitOutput('ready');
    await container.start(sink);
    await seen;
    await removeBehindTheBack(engine, container.id);
    await expect(container.wait()).rejects.toMatchObject({
      reason: 'lost',
      environment: undefined,
      message: 'The container was removed by someone else while the script ran.',
    });
    await container.dispose();
  });

  it('is waited for when the script closes its console early', async () => {
    const { exit, output } = await runToEnd(engine, await shell('echo last; exec >&- 2>&-; sleep 3; exit 5'));
    expect({ exit, output: output.toString() }).toEqual({ exit: { exitCode: 5, oomKilled: false }, output: 'last\n' });
  });

  it("fails with the sink's own error", async () => {
    const container = await engine.create(await shell('echo x; exec sleep 60'), never);
    try {
      await container.start(() => Promise.reject(new Error('the disk is full')));
      await expect(container.wait()).rejects.toThrow('the disk is full');
    } finally {
      await container.dispose();
    }
  });

  it('comes at once after dispose', async () => {
    const container = await engine.create(await shell('exec sleep 60'), never);
    await container.start(() => {});
    const end = container.wait().catch((error: unknown) => error);
    await container.dispose();
    expect(await end).toBeDefined();
  });

  it('is well reported when the engine may not grant all capabilities, else it is privileged', async () => {
    const spec = await shell('grep CapEff /proc/self/status', { privileged: true });
    const ended = await runToEnd(engine, spec).catch((error: unknown) => error);
    if (ended instanceof Error) {
      expect(ended).toMatchObject({ name: 'RunFailure', reason: 'setup', message: expect.stringContaining('caps') });
    } else {
      expect(ended).toMatchObject({ exit: { exitCode: 0 }, output: expect.objectContaining({}) });
    }
  });
});

describe('the memory of who reads', () => {
  // What is not yet collected counts too, and how much that is depends on Node's version: so a long line, a wide limit.
  it('stays flat with a line of 240 MB and a slow sink', async () => {
    const container = await engine.create(await shell('head -c 240000000 /dev/zero'), never);
    const before = process.memoryUsage().rss;
    let most = 0;
    let bytes = 0;
    try {
      await container.start(async (chunk) => {
        bytes += chunk.length;
        await new Promise(setImmediate);
        most = Math.max(most, process.memoryUsage().rss - before);
      });
      await container.wait();
    } finally {
      await container.dispose();
    }
    expect(bytes).toBe(240_000_000);
    expect(most).toBeLessThan(100 * MIB);
  });
});

describe('sweep', () => {
  /** A process that makes a container, starts it, and is killed. */
  const orphan = async (): Promise<string> => {
    const src = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
    const program = `
      const { connectEngine } = await import(${src('src/docker/engine.ts')});
      const { shell, never } = await import(${src('test/support/containers.ts')});
      const engine = await connectEngine({ logDriver: 'none' });
      const container = await engine.create(await shell('exec sleep 600'), never);
      await container.start(() => {});
      console.log(container.id);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGKILL');
    await once(child, 'exit');
    return line.toString().trim();
  };

  it('removes what a dead process left, running or not, and nothing else', async () => {
    const foreign = await connectEngine({ logDriver: 'none', owner: `worker:test-${process.pid}` });
    const [id, mine, theirs] = await Promise.all([
      orphan(),
      engine.create(await shell('true'), never),
      foreign.create(await shell('true'), never),
    ]);
    try {
      const states = new Map((await engine.listOwned()).map((each) => [each.id, each.owner]));
      expect([states.get(id), states.get(mine.id), states.get(theirs.id)]).toEqual(['dead', 'alive', 'elsewhere']);
      expect((await engine.sweep()).map((each) => each.id)).toContain(id);
      const left = (await engine.listOwned()).map((each) => each.id);
      expect(left).toEqual(expect.arrayContaining([mine.id, theirs.id]));
      expect(left).not.toContain(id);
    } finally {
      await Promise.all([mine.dispose(), theirs.dispose()]);
    }
  });
});
