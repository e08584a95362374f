/** Which git, and whether LFS, this machine has. */
import { homedir } from 'node:os';
import { userEnvironment } from './environment.js';
import { readGit } from './git.js';
import { hasLfs } from './lfs.js';

export interface GitTools {
  /** `2.39.5` */
  version: string;
  lfs: boolean;
}

/** @throws RunFailure(setup, environment git) when there is no git */
export async function gitTools(signal: AbortSignal): Promise<GitTools> {
  const output = await readGit({ args: ['--version'], cwd: homedir(), env: userEnvironment(), signal });
  const version = /\d+(\.\d+)+/.exec(output.toString())?.[0] ?? output.toString().trim();
  return { version, lfs: await hasLfs() };
}
