/** The docker client's configuration: read, never written. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What `config.json` may hold of what is used here; everything in it is the user's and unchecked. */
export interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string; username?: string; password?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
  currentContext?: string;
  proxies?: Record<string, Record<string, unknown>>;
}

export interface LoadedDockerConfig {
  folder: string;
  path: string;
  config: DockerConfig;
  /** The file as it is; absent when there is none. */
  text?: string;
  /** Why the file that is there could not be used. */
  problem?: string;
}

/** The folder that the docker client would use: `DOCKER_CONFIG`, else `~/.docker`. */
function dockerConfigFolder(env: NodeJS.ProcessEnv, home: string): string {
  return env['DOCKER_CONFIG'] || join(home, '.docker');
}

/**
 * Loads the docker client's `config.json`. Like the docker CLI it goes on without a file
 * that cannot be used; `problem` then says why.
 */
export function loadDockerConfig(env = process.env, home = homedir()): LoadedDockerConfig {
  const folder = dockerConfigFolder(env, home);
  const path = join(folder, 'config.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { folder, path, config: {}, ...(code === 'ENOENT' ? {} : { problem: `${path} cannot be read (${code})` }) };
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === 'object' && config !== null) return { folder, path, text, config };
  } catch {
    // Said below: what the parser complains of could quote a credential.
  }
  return { folder, path, text, config: {}, problem: `${path} is no JSON object` };
}
