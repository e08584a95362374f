/** How a reader gets to servers: what flags, environment and `servers.toml` say about who asks. */

import { UsageError } from '../../lib/errors.js';
import { parseHttpUrl, withoutSecrets } from '../../server/address.js';
import { type Credentials, credentialsFor, tokenHeader } from '../../server/credentials.js';
import { HttpClient } from '../../server/http.js';
import { readServers, type ServerEntry, serversFile } from './servers-file.js';

export interface AccessRequest {
  /** `--token`. */
  token?: string | undefined;
  /** `--header`, `Name: value` each. */
  headers?: readonly string[] | undefined;
  env?: NodeJS.ProcessEnv;
  /** Told before a call is tried again. */
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
  const onRetry = (failure: Error, waitMs: number) =>
    request.warn?.(`${failure.message} Trying again in ${Math.ceil(waitMs / 1000)} s.`);
  return { http: new HttpClient({ credentials, onRetry }), servers };
}

/** @throws UsageError: an address with a password in it would show it wherever it is named */
function originOf(address: string): string {
  const url = parseHttpUrl(address);
  if (url === undefined)
    throw new UsageError(
      `${JSON.stringify(address)} is no http or https address. Write it as https://server/projects/PROJECT/builds/N/runs/NAME/.`,
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
