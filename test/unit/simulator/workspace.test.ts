import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { RunFailure } from '../../../src/executor/index.js';
import { EnvironmentError, folderName, nameOfFolder, UsageError } from '../../../src/lib/index.js';
import {
  cacheFolder,
  clearAbandoned,
  openSimulationWorkspace,
  placeOf,
  prune,
  simulationHost,
  storedWorkspaces,
  volumesBeside,
} from '../../../src/simulator/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const asRoot = async (path: string) => {
  throw new Error(`no need to ask the engine to remove ${path}`);
};

async function place() {
  const folder = await scratchFolder();
  return { folder, root: join(folder, 'run'), options: { locks: join(folder, 'locks'), asRoot } };
}

/** What a run leaves behind, secrets included. */
function fill(root: string) {
  for (const name of ['secrets', 'archive', 'repo', 'script-repo']) {
    mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, name, 'file'), name);
  }
  for (const name of ['.netrc', '.gitconfig', 'console.log', 'result.json', 'rundef.json']) {
    writeFileSync(join(root, name), name);
  }
}

/** Takes a workspace in a process of its own, fills it, and is killed. */
async function killedOwner(root: string, locks: string) {
  const script = `
    import { openSimulationWorkspace } from ${JSON.stringify(new URL('../../../src/simulator/workspace/simulation-workspace.ts', import.meta.url).href)};
    await openSimulationWorkspace(${JSON.stringify(root)}, { locks: ${JSON.stringify(locks)}, asRoot: async () => {} });
    process.stdout.write('taken');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('the workspace of a simulation', () => {
  it('is its owner’s alone, and begins empty', async () => {
    const { root, options } = await place();
    const first = await openSimulationWorkspace(root, options);
    fill(root);
    await first.close();
    const second = await openSimulationWorkspace(root, options);
    expect(readdirSync(root)).toEqual(['.jobserv-workspace']);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    await second.close();
  });

  it('keeps rundef, console, archive and result, and nothing that could be a secret', async () => {
    const { root, options } = await place();
    const workspace = await openSimulationWorkspace(root, options);
    fill(root);
    await workspace.close();
    await workspace.close();
    expect(readdirSync(root)).toEqual(['.jobserv-workspace', 'archive', 'console.log', 'result.json', 'rundef.json']);
  });

  it('keeps the checkouts when it is asked to', async () => {
    const { root, options } = await place();
    const workspace = await openSimulationWorkspace(root, options);
    fill(root);
    await workspace.close({ keepCheckouts: true });
    expect(readdirSync(root)).toEqual(expect.arrayContaining(['repo', 'script-repo']));
    expect(readdirSync(root)).not.toEqual(expect.arrayContaining(['secrets']));
  });

  it('loses its secrets at once when there is no time for more', async () => {
    const { root, options } = await place();
    const workspace = await openSimulationWorkspace(root, options);
    fill(root);
    workspace.removeSecretsNow();
    expect(readdirSync(root)).not.toEqual(expect.arrayContaining(['secrets']));
    expect(existsSync(join(root, '.netrc'))).toBe(false);
    await workspace.close();
  });

  it.each([
    [true, UsageError],
    [false, RunFailure],
  ])('is never a file, nor a folder with something else in it (named by the user: %s)', async (byUser, kind) => {
    const { folder, options } = await place();
    const named = byUser ? folder : undefined;
    mkdirSync(join(folder, 'mine'));
    const file = join(folder, 'mine', 'thesis.txt');
    writeFileSync(file, 'text');
    await expect(openSimulationWorkspace(join(folder, 'mine'), { ...options, named })).rejects.toThrow(kind);
    const opened = openSimulationWorkspace(file, { ...options, named });
    await expect(opened).rejects.toThrow(kind);
    await expect(opened).rejects.toThrow(/no folder.*name another with --workspace/i);
    expect(readFileSync(file, 'utf8')).toBe('text');
  });

  it('lies in the folder that the user named, whatever links came with that', async () => {
    const { folder, options } = await place();
    const [named, victim] = [join(folder, 'out'), join(folder, 'victim')];
    mkdirSync(named);
    mkdirSync(victim);
    symlinkSync('../victim', join(named, 't'));
    mkdirSync(join(named, 'u'));
    symlinkSync('../../victim', join(named, 'u', 'unit'));
    for (const path of ['t/unit', 'u/unit']) {
      const opened = openSimulationWorkspace(join(named, path), { ...options, named });
      await expect(opened).rejects.toThrow(/^The folder \S+\/out\/(t|u\/unit) cannot be used: it is no folder/);
    }
    expect(readdirSync(victim)).toEqual([]);
    // The named folder itself may be a link.
    symlinkSync('out', join(folder, 'link'));
    const root = join(folder, 'link', 'v', 'unit');
    const workspace = await openSimulationWorkspace(root, { ...options, named: join(folder, 'link') });
    expect(statSync(join(named, 'v', 'unit')).mode & 0o777).toBe(0o700);
    await workspace.close();
  });

  it('has its persistent volumes next to the folder that the user named, whatever links came with that', async () => {
    const { folder, root } = await place();
    const victim = join(folder, 'victim');
    mkdirSync(victim);
    symlinkSync('victim', join(folder, '.jobserv-volumes'));
    const options = { volumes: volumesBeside(root), workspace: root } as Parameters<typeof simulationHost>[0];
    const made = simulationHost(options).persistentVolume('acme', 'ccache');
    await expect(made).rejects.toThrow(/\.jobserv-volumes cannot be used: it is no folder/);
    expect(readdirSync(victim)).toEqual([]);
  });

  it.each(['/proc/x', `/tmp/${'x'.repeat(300)}`])(
    'that cannot be made at %.12s is a fault of the machine',
    async (root) => {
      const { options } = await place();
      const opened = openSimulationWorkspace(root, options);
      await expect(opened).rejects.toThrow(EnvironmentError);
      await expect(opened).rejects.toThrow(/^The folder \S+ cannot be used: .*--workspace/);
    },
  );

  it('does not follow a link that lies in it when it is cleared', async () => {
    const { folder, root, options } = await place();
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'kept'), '');
    const workspace = await openSimulationWorkspace(root, options);
    symlinkSync(join(folder, 'elsewhere'), join(root, 'repo'));
    await workspace.close();
    expect(existsSync(join(folder, 'elsewhere', 'kept'))).toBe(true);
  });

  it('writes no file that a link leads to, when it came with a repository', async () => {
    const { folder, root, options } = await place();
    writeFileSync(join(folder, 'precious'), 'kept');
    mkdirSync(root, { mode: 0o700 });
    for (const name of ['.jobserv-workspace', 'rundef.json', 'console.log', 'result.json', '.netrc'])
      symlinkSync(join(folder, 'precious'), join(root, name));
    const workspace = await openSimulationWorkspace(root, options);
    expect(readdirSync(root)).toEqual(['.jobserv-workspace']);
    await workspace.close();
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('kept');
  });

  it('is taken by one simulation at a time, and free again after it', async () => {
    const { root, options } = await place();
    const first = await openSimulationWorkspace(root, options);
    await expect(openSimulationWorkspace(root, options)).rejects.toThrow(
      `in use by another simulation, process ${process.pid}`,
    );
    await first.close();
    await (await openSimulationWorkspace(root, options)).close();
    expect(readdirSync(options.locks)).toEqual([]);
  });

  it('of a living process stays its own; of a killed one it loses its secrets, then can be taken', async () => {
    const { root, options } = await place();
    const owner = await killedOwner(root, options.locks);
    fill(root);
    await expect(openSimulationWorkspace(root, options)).rejects.toThrow(`process ${owner.pid}`);
    expect(await clearAbandoned({ ...options, scratch: join(root, 'none') })).toEqual([]);
    await owner.kill();
    expect(await clearAbandoned({ ...options, scratch: join(root, 'none') })).toEqual([root]);
    expect(readdirSync(root)).toEqual(['.jobserv-workspace', 'archive', 'console.log', 'result.json', 'rundef.json']);
    expect(readdirSync(options.locks)).toEqual([]);
    await (await openSimulationWorkspace(root, options)).close();
  });

  it('of a killed process can be taken without more ado', async () => {
    const { root, options } = await place();
    const owner = await killedOwner(root, options.locks);
    await owner.kill();
    const taken = await openSimulationWorkspace(root, options);
    expect(readdirSync(options.locks)).toHaveLength(1);
    await taken.close();
  });

  it('goes to one of many that want a dead one’s', async () => {
    const { root, options } = await place();
    const owner = await killedOwner(root, options.locks);
    await owner.kill();
    const tries = await Promise.allSettled([...Array(8)].map(() => openSimulationWorkspace(root, options)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  const USER = 12_345;
  it.runIf(process.getuid?.() === 0)('is free, and without secrets, when nobody can remove what is in it', async () => {
    const { folder, root, options } = await place();
    vi.stubEnv('SUDO_UID', String(USER));
    const workspace = await openSimulationWorkspace(root, options);
    fill(root);
    execFileSync('chown', ['-R', `${USER}:${USER}`, folder]);
    mkdirSync(join(root, 'repo', 'theirs'));
    writeFileSync(join(root, 'repo', 'theirs', 'file'), '');
    process.seteuid?.(USER);
    const left = await workspace.close();
    expect(readdirSync(root)).not.toContain('.netrc');
    const next = await openSimulationWorkspace(root, options);
    const names = readdirSync(root);
    process.seteuid?.(0);
    vi.unstubAllEnvs();
    expect(left).toEqual([
      { keptAt: expect.stringContaining('/.set-aside/repo-'), problem: expect.stringContaining('no need to ask') },
    ]);
    expect(names).toEqual(['.jobserv-workspace', '.set-aside']);
    await next.close();
  });

  it.runIf(process.getuid?.() === 0)('is never removed by prune where others can say what is removed', async () => {
    const { folder } = await place();
    const theirs = join(folder, 'jobserv');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    const pruned = () => prune({ dryRun: false, volumes: true, olderThanMs: 0 });
    mkdirSync(theirs);
    execFileSync('chown', [`${USER}`, theirs]);
    await expect(pruned()).rejects.toThrow(`${theirs} belongs to another user (uid ${USER})`);
    execFileSync('chown', ['0', theirs]);
    chmodSync(theirs, 0o777);
    await expect(pruned()).rejects.toThrow(`chmod go-w "${theirs}"`);
    renameSync(theirs, join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), theirs);
    execFileSync('chown', ['-h', `${USER}`, theirs]);
    await expect(pruned()).rejects.toThrow('is a link of another user');
    vi.unstubAllEnvs();
  });

  it('is found in the cache', async () => {
    const { folder, options } = await place();
    const root = join(folder, 'cache', 'acme', 'unit', 'run');
    await (await openSimulationWorkspace(root, options)).close();
    mkdirSync(join(folder, 'cache', 'volumes', 'acme', 'ccache'), { recursive: true });
    expect(await storedWorkspaces(join(folder, 'cache'))).toEqual([root]);
  });
});

describe('names of folders', () => {
  it('stay as they are when they are common', () => {
    expect(['unit', 'build-nrf52-gcc', 'v1.2_x'].map(folderName)).toEqual(['unit', 'build-nrf52-gcc', 'v1.2_x']);
  });

  it('never lead elsewhere, never meet, and are never one of the cache’s own', () => {
    const names = [
      '',
      '.',
      '..',
      '../x',
      '/x',
      '-x',
      'a/b',
      'a%2fb',
      'a\0b',
      'ä',
      '\ud800',
      '__proto__',
      'volumes',
      'locks',
      'snapshots',
    ];
    const folders = names.map(folderName);
    expect(new Set(folders).size).toBe(names.length);
    for (const folder of folders) expect(folder).toMatch(/^[^.\-/\0][^/\0]*$/);
    expect(folders).not.toContain('volumes');
  });

  it('fit into a file system however long they were', () => {
    const [one, other] = [folderName('x'.repeat(500)), folderName(`${'x'.repeat(500)}y`)];
    expect(one.length).toBeLessThanOrEqual(200);
    expect(one).not.toBe(other);
    expect(nameOfFolder(one)).toBeUndefined();
    expect(['a/b', 'ä', '', '.x', 'v1'].map((name) => nameOfFolder(folderName(name)))).toEqual([
      'a/b',
      'ä',
      '',
      '.x',
      'v1',
    ]);
  });

  it('that were cut meet none that a stranger can write', () => {
    const cut = folderName('x'.repeat(500));
    expect(cut).toMatch(/^x{159}~[0-9a-f]{40}$/);
    expect(folderName(cut)).not.toBe(cut);
    // Of a digest that reads as an encoded byte, too.
    const other = `${'x'.repeat(159)}${String.fromCharCode(Number.parseInt(cut.slice(160, 162), 16))}${cut.slice(162)}`;
    expect(folderName(other)).not.toBe(cut);
  });

  it('of volumes beside a given workspace are no folder of the user’s', () => {
    const place = placeOf({ project: 'p', run: 'r' }, 't', { workspace: '/home/me/site', cache: '/c' }, true);
    expect(place).toEqual({ root: '/home/me/site', volumes: '/home/me/.jobserv-volumes' });
    const own = placeOf({ project: 'p', run: 'r' }, 't', { cache: '/c' }, true);
    expect(own).toEqual({ root: '/c/p/t/r', volumes: '/c/volumes' });
  });

  it('are below the user’s cache folder', () => {
    expect(cacheFolder({ HOME: '/h' }, 'linux')).toBe('/h/.cache/jobserv');
    expect(cacheFolder({ HOME: '/h' }, 'darwin')).toBe('/h/Library/Caches/jobserv');
    expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: '/c' }, 'darwin')).toBe('/c/jobserv');
    expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: 'relative' }, 'linux')).toBe('/h/.cache/jobserv');
  });
});
