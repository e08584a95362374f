/** `proxies` of the docker client's config, as the docker CLI passes them to a container. */
import type { DockerConfig } from './docker-config.js';

/** The keys that docker CLI 20.10 knows, and the variable that each becomes, in upper and in lower case. */
const VARIABLES = [
  ['httpProxy', 'HTTP_PROXY'],
  ['httpsProxy', 'HTTPS_PROXY'],
  ['ftpProxy', 'FTP_PROXY'],
  ['noProxy', 'NO_PROXY'],
] as const;

/**
 * `KEY=value` for a container on the engine at `address`. The entry of exactly that address
 * replaces the entry `default` as a whole; empty values are left out. The CLI appends these
 * after the lines of an env-file, so they win over a run's own.
 */
export function proxyEnvironment(config: DockerConfig, address: string): string[] {
  const proxies = config.proxies ?? {};
  const entry = Object.hasOwn(proxies, address) ? proxies[address] : proxies['default'];
  return VARIABLES.flatMap(([key, variable]) => {
    const value = entry?.[key];
    return typeof value === 'string' && value !== ''
      ? [`${variable}=${value}`, `${variable.toLowerCase()}=${value}`]
      : [];
  });
}
