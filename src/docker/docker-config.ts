/** The docker client's configuration and what it means here: read, never written. */

import { join } from 'node:path';
import { homeFolder, jsonObject, objectOf, type ReadError, readBoundedText } from '../lib/index.js';

export interface RegistryEntry {
  auth?: string;
  identitytoken?: string;
  username?: string;
  password?: string;
}

/** What is used here of `config.json`, under the names that Docker documents, with the types that it has to have. */
export interface DockerConfig {
  auths: Record<string, RegistryEntry>;
  credHelpers: Record<string, string>;
  credsStore?: string;
  currentContext?: string;
  proxies: Record<string, Record<string, string>>;
}

export interface LoadedDockerConfig {
  folder: string;
  path: string;
  config: DockerConfig;
  /** The file as it is; absent when there is none. */
  text?: string;
  /** What of the file could not be used, and why. */
  problem?: string;
}

/** The keys of a proxy's entry (docker CLI 28.2), and the variable that each becomes, in upper and in lower case. */
const PROXY_VARIABLES: Readonly<Record<string, string>> = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  ftpProxy: 'FTP_PROXY',
  noProxy: 'NO_PROXY',
  allProxy: 'ALL_PROXY',
};
const FIELDS = ['auths', 'credHelpers', 'credsStore', 'currentContext', 'proxies'];
const ENTRY_FIELDS = ['auth', 'identitytoken', 'username', 'password'];

/**
 * Loads `config.json` of DOCKER_CONFIG, else of `~/.docker`. Like the docker CLI it goes on
 * without what cannot be used; `problem` then says why.
 */
export async function loadDockerConfig(env = process.env, home = homeFolder()): Promise<LoadedDockerConfig> {
  const folder = env['DOCKER_CONFIG'] || join(home, '.docker');
  const path = join(folder, 'config.json');
  const empty: DockerConfig = { auths: {}, credHelpers: {}, proxies: {} };
  let text: string;
  try {
    text = await readBoundedText(path);
  } catch (error) {
    const { reason, message } = error as ReadError;
    const none = { folder, path, config: empty };
    return reason === 'missing' ? none : { ...none, problem: `${path} cannot be read: ${message}` };
  }
  const content = jsonObject(text);
  if (content === undefined) return { folder, path, text, config: empty, problem: `${path} is no JSON object` };
  const problems: string[] = [];
  const config = readConfig(content, (problem) => problems.push(problem));
  return { folder, path, text, config, ...(problems.length > 0 ? { problem: `${path}: ${problems.join('; ')}` } : {}) };
}

type Complain = (problem: string) => void;

function readConfig(content: object, complain: Complain): DockerConfig {
  const fields = goFields(content, FIELDS);
  const misplaced = Object.keys(goFields(content, Object.keys(PROXY_VARIABLES)));
  for (const name of misplaced) complain(`${name} has no effect at the top: write it into "proxies": {"default": {…}}`);
  const proxies = entries(fields['proxies'], 'proxies', complain);
  const string = (name: string) => {
    const value = fields[name];
    if (typeof value === 'string') return { [name]: value };
    if (value !== undefined && value !== null) complain(`"${name}" is no text`);
    return {};
  };
  return {
    auths: mapped(entries(fields['auths'], 'auths', complain), (entry, name) =>
      texts(entry, ENTRY_FIELDS, `auths["${name}"]`, complain),
    ),
    credHelpers: texts(fields['credHelpers'], undefined, 'credHelpers', complain),
    ...string('credsStore'),
    ...string('currentContext'),
    proxies: mapped(proxies, (entry, name) => {
      const isProxy = Object.keys(goFields({ [name]: 0 }, Object.keys(PROXY_VARIABLES))).length > 0;
      if (!isProxy) return texts(entry, Object.keys(PROXY_VARIABLES), `proxies["${name}"]`, complain);
      complain(`${name} has no effect there: write it into "proxies": {"default": {…}}`);
      return {};
    }),
  };
}

/** The docker client is written in Go, whose decoder takes a key in any case; the last one counts. */
function goFields(content: object, names: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(content)) {
    const name = names.find((each) => each.toLowerCase() === key.toLowerCase());
    if (name !== undefined) found[name] = value;
  }
  return found;
}

function entries(value: unknown, where: string, complain: Complain): Record<string, unknown> {
  const found = objectOf(value);
  if (found === undefined && value !== undefined && value !== null) complain(`"${where}" is no object`);
  return found ?? {};
}

function mapped<T>(map: Record<string, unknown>, read: (value: unknown, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, read(value, name)]));
}

/** The texts of an object; all of them, or those of these fields. */
function texts(
  value: unknown,
  names: readonly string[] | undefined,
  where: string,
  complain: Complain,
): Record<string, string> {
  const all = entries(value, where, complain);
  const found = Object.entries(names === undefined ? all : goFields(all, names));
  for (const [name, each] of found) {
    if (typeof each !== 'string' && each !== null) complain(`"${name}" of ${where} is no text`);
  }
  return Object.fromEntries(found.filter((each): each is [string, string] => typeof each[1] === 'string'));
}

/**
 * `proxies` as the docker CLI passes them to a container on the engine at `address`:
 * `KEY=value`. The entry of exactly that address replaces the entry `default` as a whole;
 * empty values are left out. The CLI appends these after the lines of an env-file, so they
 * win over a run's own.
 */
export function proxyEnvironment({ proxies }: Pick<DockerConfig, 'proxies'>, address: string): string[] {
  const entry = Object.hasOwn(proxies, address) ? proxies[address] : proxies['default'];
  return Object.entries(PROXY_VARIABLES).flatMap(([key, variable]) => {
    const value = entry?.[key];
    return value ? [`${variable}=${value}`, `${variable.toLowerCase()}=${value}`] : [];
  });
}

/** What the docker client's configuration means for a simulation. */
export interface DockerSettings {
  /** What scripts see of it, as it stands in the file. */
  dockerConfig: string | undefined;
  proxies(engineAddress: string): string[];
  /** Texts in it that open a registry. */
  credentials: string[];
  /** What of the file could not be used, and why. */
  problem?: string;
  /** What scripts get otherwise than on a worker, as the ledger lists it. */
  differences: { kind: 'docker-config-off'; message: string }[];
}

/** @param visible whether scripts may see it */
export async function dockerSettings(visible: boolean): Promise<DockerSettings> {
  const { config, text, problem } = await loadDockerConfig();
  const hidden = !visible && text !== undefined;
  const message = 'The docker client configuration was kept from the script (--no-docker-config).';
  return {
    dockerConfig: visible ? text : undefined,
    proxies: (address) => proxyEnvironment(config, address),
    credentials: Object.values(config.auths).flatMap(secretsOf),
    ...(problem === undefined ? {} : { problem }),
    differences: hidden ? [{ kind: 'docker-config-off', message }] : [],
  };
}

function secretsOf({ auth, identitytoken, password }: RegistryEntry): string[] {
  const decoded =
    auth &&
    Buffer.from(auth, 'base64')
      .toString()
      .replace(/^[^:]*:/, '');
  return [auth, decoded, identitytoken, password].filter((text): text is string => Boolean(text));
}
