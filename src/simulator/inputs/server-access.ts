/** How a reader gets to servers: what flags, environment and `servers.toml` say about who asks. */

import { join } from 'node:path';
import { configFolder, ReadError, readBoundedText, UsageError } from '../../lib/index.js';
import {
  type Credentials,
  credentialsFor,
  HttpClient,
  parseHttpUrl,
  tokenHeader,
  withoutSecrets,
} from '../../server/index.js';

export interface AccessRequest {
  /** `--token`. */
  token?: string | undefined;
  /** `--header`, `Name: value` each. */
  headers?: readonly string[] | undefined;
  env?: NodeJS.ProcessEnv;
  /** Called before a call is tried again; a reason that has not changed is not repeated. */
  warn?: (message: string) => void;
}

export interface ServerAccess {
  http: HttpClient;
  /** Of `servers.toml`. */
  servers: readonly ServerEntry[];
}

/**
 * A client for these addresses. Flags, and JOBSERV_TOKEN and JOBSERV_HEADER (a header a line), are
 * for the server that the addresses name and for no other; entries of `servers.toml` are for their
 * own. Of one header a flag wins over the entry, and the entry over the environment, which was
 * set without this server in mind. The client is the caller's to close.
 *
 * @throws UsageError for what is no token, header, address or entry, and for flags that would go to several servers
 */
export async function openServers(addresses: readonly string[], request: AccessRequest): Promise<ServerAccess> {
  const env = request.env ?? process.env;
  const origins = [...new Set(addresses.map(originOf))];
  const servers = await readServers(serversFile(env));
  const flags = { ...headersOf('--header', request.headers ?? []), ...tokenOf('--token', request.token) };
  const lines = (env['JOBSERV_HEADER'] ?? '').split('\n').filter((line) => line.trim() !== '');
  const environment = {
    ...headersOf('JOBSERV_HEADER', lines),
    ...tokenOf('JOBSERV_TOKEN', env['JOBSERV_TOKEN'] || undefined),
  };
  if (origins.length > 1 && Object.keys({ ...flags, ...environment }).length > 0) {
    throw new UsageError(
      `The runs are on ${origins.join(' and ')}, and one token or header would go to each of them. Name the runs of one server at a time, or give each server its entry in ${serversFile(env)}.`,
    );
  }
  const own = servers.map(({ server, headers, token }) => {
    const place = `servers.toml, ${server}`;
    return [server, { ...headersOf(place, headers), ...tokenOf(place, token) }] as const;
  });
  const credentials: Credentials = credentialsFor([
    ...origins.map((origin) => [origin, environment] as const),
    ...own,
    ...origins.map((origin) => [origin, flags] as const),
  ]);
  let last = '';
  const onRetry = ({ message }: Error, waitMs: number) => {
    request.warn?.(`${message === last ? '' : `${message} `}Trying again in ${Math.ceil(waitMs / 1000)} s.`);
    last = message;
  };
  return { http: new HttpClient({ credentials, onRetry, waitForProxy: false }), servers };
}

/** @throws UsageError: an address with a password in it would show it wherever it is named */
function originOf(address: string): string {
  const url = parseHttpUrl(address);
  if (url === undefined)
    throw new UsageError(
      `${JSON.stringify(address)} is no http or https address. Write a run as https://server/projects/PROJECT/builds/N/runs/NAME/, a server as https://server.`,
    );
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      `The address ${withoutSecrets(address)} was given with a user or password in it, which others could then read. Leave them out, and give --header 'Authorization: Basic …'.`,
    );
  }
  return url.origin;
}

function tokenOf(place: string, token: string | undefined): Record<string, string> {
  if (token === undefined) return {};
  if (token.trim() === '' || !isHeaderValue(token.trim())) {
    throw new UsageError(
      `The token of ${place} cannot be sent: it is empty, or has characters in it that no header may have.`,
    );
  }
  return tokenHeader(token);
}

/** @throws UsageError, without the value */
function headersOf(place: string, lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(line) ?? [];
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name.trim()) || value.trim() === '' || !isHeaderValue(value.trim())) {
      throw new UsageError(
        `A header of ${place} is not of the form 'Name: value'. Write, for example, 'X-Api-Key: …'.`,
      );
    }
    headers[name.trim().toLowerCase()] = value.trim();
  }
  return headers;
}

const isHeaderValue = (value: string) => /^[\t\x20-\x7e\x80-\xff]+$/.test(value);

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

export const serversFile = (env?: NodeJS.ProcessEnv): string => join(configFolder(env), 'servers.toml');

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
    // The library's message shows nearby lines, which may hold tokens.
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
  if (unknown !== undefined) throw bad(`${JSON.stringify(unknown)} is not a key; the keys are ${KEYS.join(', ')}`);
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

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    return await readBoundedText(path, { secret: true });
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    if (error.reason === 'missing') return undefined;
    const end = error.reason === 'exposed' ? '' : '.';
    throw new UsageError(`${path}, where credentials for servers are, cannot be read: ${error.message}${end}`);
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
