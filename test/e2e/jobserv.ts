import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the installed command as a user would, and waits for its end. */
export async function jobserv(
  args: string[],
  options: { cwd?: string; input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = spawn(join(inject('installation'), 'node_modules/.bin/jobserv'), args, {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'], HOME: inject('installation'), ...options.env },
  });
  const ended = { status: null as number | null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ended.stderr += text;
  });
  child.stdin.end(options.input ?? '');
  ended.status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return ended;
}

/** A new folder with these files. */
export function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-e2e-files-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
