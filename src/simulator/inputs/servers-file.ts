/** `servers.toml` of a user: what each server wants to know of those who read it. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../lib/errors.js';
import { homeFolder } from '../../lib/home.js';
import { parseHttpUrl } from '../../server/address.js';

export interface ServerEntry {
  /** The server's address as it stands in the file. */
  server: string;
  token?: string;
  /** `Name: value`. */
  headers: string[];
  /** Pattern of the front end's pages. */
  web?: string;
}

const KEYS = ['token', 'headers', 'web'];
const EXAMPLE = '[servers."https://ci.example.org"], and under it token = "…" or headers = ["Name: value"]';

/** `~/.config/jobserv/servers.toml`, or below XDG_CONFIG_HOME. */
export function serversFile(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CONFIG_HOME'];
  return join(base?.startsWith('/') ? base : join(homeFolder(env), '.config'), 'jobserv', 'servers.toml');
}

/**
 * The servers of the file; none when there is no file.
 *
 * @throws UsageError for a file that others may read, or that is of another shape. No message has a value of it
 */
export async function readServers(path: string): Promise<ServerEntry[]> {
  const text = await readPrivate(path);
  if (text === undefined) return [];
  const { parse, TomlError } = await import('smol-toml');
  let file: Record<string, unknown>;
  try {
    file = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The library's message shows the lines around, where tokens are.
    throw new UsageError(
      `${path} is no TOML: line ${error.line}, column ${error.column} cannot be read. It holds ${EXAMPLE}.`,
    );
  }
  const servers = file['servers'] ?? {};
  const stray = Object.keys(file).filter((key) => key !== 'servers');
  if (stray.length > 0 || !isTable(servers)) throw new UsageError(`${path} holds something else than ${EXAMPLE}.`);
  return Object.entries(servers).map(([server, entry]) => readEntry(path, server, entry));
}

function readEntry(path: string, server: string, entry: unknown): ServerEntry {
  const bad = (why: string) => new UsageError(`The entry ${JSON.stringify(server)} of ${path} cannot be used: ${why}.`);
  const url = parseHttpUrl(server);
  if (url === undefined || url.username !== '' || url.password !== '') {
    throw bad('its name is no address such as https://ci.example.org');
  }
  if (!isTable(entry)) throw bad(`it is no table. Write ${EXAMPLE}`);
  const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw bad(`${JSON.stringify(unknown)} is not known; there are ${KEYS.join(', ')}`);
  const { token, headers = [], web } = entry;
  if (token !== undefined && (typeof token !== 'string' || token === '')) throw bad('its token is no text');
  if (!Array.isArray(headers) || headers.some((header) => typeof header !== 'string')) {
    throw bad('its headers are no list of "Name: value"');
  }
  if (
    web !== undefined &&
    (typeof web !== 'string' || !['{project}', '{build}', '{run}'].every((part) => web.includes(part)))
  ) {
    throw bad('its web is no address with {project}, {build} and {run} in it');
  }
  return {
    server,
    headers: headers as string[],
    ...(token === undefined ? {} : { token }),
    ...(web === undefined ? {} : { web }),
  };
}

/** What is opened is what is looked at. */
async function readPrivate(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UsageError(`${path}, where credentials for servers are, cannot be read: ${message}.`);
  }
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new UsageError(
        `${path} has credentials in it, and others on this host may read or change it (mode ${octal}). Make it yours alone with: chmod 600 ${path}`,
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
