/** Real repositories in temporary folders, and what a run would get of them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Log, Source } from '../../../src/executor/index.js';
import { captureWorkingTree, type Snapshot, workingTreeSource } from '../../../src/git/index.js';

const never = new AbortController().signal;

export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobserv-git-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.org', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', [...identity, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

export function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** A repository with these files committed on `main`. */
export function repository(files: Record<string, string> = { code: 'one\n' }, folder = temporaryFolder()): string {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--initial-branch=main');
  commit(folder, files);
  return folder;
}

export function commit(folder: string, files: Record<string, string>, message = 'Change'): string {
  write(folder, files);
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--allow-empty', '-m', message);
  return git(folder, 'rev-parse', 'HEAD');
}

/** Keeps what was written. */
export function keptLog(): Log & { lines: string[] } {
  const lines: string[] = [];
  const add = async (text: string) => void lines.push(text);
  return {
    lines,
    heading: add,
    info: add,
    warn: add,
    error: add,
    raw: async (bytes) => add(Buffer.from(bytes).toString()),
  };
}

export function capture(folder: string, exclude: string[] = []): Promise<Snapshot> {
  return captureWorkingTree({
    repository: folder,
    scratch: join(temporaryFolder(), 'scratch'),
    exclude,
    signal: never,
  });
}

/** The folder that becomes `/repo`. */
export async function checkout(source: Source, env: Record<string, string> = {}, log = keptLog()): Promise<string> {
  const folder = temporaryFolder();
  const home = join(folder, 'home');
  mkdirSync(home);
  const directory = join(folder, 'repo');
  await source.checkout({ directory, home, env, secrets: {}, log, signal: never });
  return directory;
}

/** The run's checkout of a working tree. */
export async function runOf(folder: string, env: Record<string, string> = {}): Promise<string> {
  return checkout(workingTreeSource(await capture(folder), { waits: [] }), env);
}

/** An executable file. */
export function program(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}
