/** The settings of a worker: `settings.conf`, the reference worker's file (SPEC 6). */
import { chmod, rm, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import {
  makeFolder,
  notWritten,
  type ReadError,
  type ReadOptions,
  readBoundedText,
  writeAtomically,
} from '../lib/index.js';
import type { StringMap } from '../schema/index.js';
import { parseHttpUrl } from '../server/index.js';
import { Ini, IniError } from './ini.js';

export const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export interface WorkerSettings {
  /** Absolute; `runs/`, `volumes/` and the locks lie in it. */
  folder: string;
  serverUrl: string;
  /** The worker's name. */
  hostname: string;
  /** Empty for a worker with a JWT. */
  apiKey: string;
  jwt?: string;
  /** Seconds since 1970. */
  jwtExpires?: number;
  /** Separated by commas, as they stand. */
  hostTags: string;
  concurrentRuns: number;
  surgesOnly: boolean;
  logLevel: Level;
  /** For each container. */
  memoryBytes?: number;
  callbackScript?: string;
  blockMetadataService: boolean;
  /** Name, in lower case, → folder. */
  sharedVolumes: StringMap;
  tools: { reboot: string; coldReboot: string; workerWrapper?: string };
}

const MAIN = 'jobserv';
export const settingsPath = (folder: string): string => join(folder, 'settings.conf');

/** Bytes. */
const LONGEST_SETTINGS = 1024 * 1024;

/**
 * The file names programs, and its folder holds what is executed: no other user may change either.
 *
 * @throws SettingsError with what is missing and what to do; it quotes no value
 */
export async function readSettings(folder: string): Promise<WorkerSettings> {
  const path = settingsPath(folder);
  const text = await readText(path, { maxBytes: LONGEST_SETTINGS, trusted: true });
  if (text === undefined) {
    throw new SettingsError(
      `There is no worker in ${folder}: it holds no settings.conf. Go to the worker's folder, name it with --folder, or make a worker with "jobserv worker register".`,
    );
  }
  await makeFolder(folder).catch((cause: Error) => {
    throw new SettingsError(cause.message, { cause });
  });
  try {
    return settingsIn(folder, new Ini(text));
  } catch (error) {
    if (!(error instanceof IniError)) throw error;
    throw new SettingsError(`The settings of the worker, ${path}, cannot be used: ${error.message}. Correct it there.`);
  }
}

/** @returns undefined when there is no such file */
async function readText(path: string, options: ReadOptions): Promise<string | undefined> {
  try {
    return await readBoundedText(path, options);
  } catch (error) {
    const cause = error as ReadError;
    if (cause.reason === 'missing') return undefined;
    throw new SettingsError(`The settings of the worker, ${path}, cannot be read: ${cause.message}.`, { cause });
  }
}

function settingsIn(folder: string, ini: Ini): WorkerSettings {
  const get = (key: string) => ini.get(MAIN, key) || undefined;
  const needed = (key: string): string => {
    const value = ini.get(MAIN, key);
    if (value === undefined) throw new IniError(`[${MAIN}] has no ${key}`);
    return value;
  };
  const number = (key: string, fallback?: number): number => {
    const text = get(key) ?? (fallback === undefined ? needed(key) : String(fallback));
    const value = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(value)) throw new IniError(`${key} in [${MAIN}] is no number`);
    return value;
  };
  const jwt = get('jwt');
  const expires = get('jwt-exp') === undefined ? undefined : number('jwt-exp');
  const percent =
    get('container-max-memory-percent') === undefined ? undefined : number('container-max-memory-percent');
  const callbackScript = get('callback_script');
  return {
    folder,
    serverUrl: serverIn(needed('server_url')),
    hostname: needed('hostname'),
    apiKey: jwt === undefined ? needed('host_api_key') : (get('host_api_key') ?? ''),
    hostTags: needed('host_tags'),
    concurrentRuns: countIn(number('concurrent_runs')),
    surgesOnly: number('surges_only', 0) !== 0,
    logLevel: levelOf(get('log_level')),
    blockMetadataService: get('block-metadata-service') !== undefined,
    sharedVolumes: sectionOf(ini, 'shared-volumes'),
    tools: toolsIn(ini),
    ...(jwt === undefined ? {} : { jwt }),
    ...(expires === undefined ? {} : { jwtExpires: expires }),
    ...(percent === undefined ? {} : { memoryBytes: Math.round((percent / 100) * totalmem()) }),
    ...(callbackScript === undefined ? {} : { callbackScript }),
  };
}

function serverIn(text: string): string {
  if (parseHttpUrl(text) !== undefined) return text;
  throw new IniError(`server_url in [${MAIN}] is no http or https address`);
}

function countIn(count: number): number {
  if (Number.isInteger(count) && count >= 0) return count;
  throw new IniError(`concurrent_runs in [${MAIN}] is no whole number of runs`);
}

/** Python's names of levels. */
function levelOf(text = 'INFO'): Level {
  const name = text
    .toLowerCase()
    .replace(/^warn$/, 'warning')
    .replace(/^(critical|fatal)$/, 'error');
  const level = LEVELS.find((known) => known === name);
  if (level === undefined) throw new IniError(`log_level in [${MAIN}] is none of ${LEVELS.join(', ').toUpperCase()}`);
  return level;
}

function sectionOf(ini: Ini, section: string): StringMap {
  return Object.fromEntries(ini.keys(section).map((key) => [key, ini.get(section, key) ?? '']));
}

function toolsIn(ini: Ini): WorkerSettings['tools'] {
  const wrapper = ini.get('tools', 'worker-wrapper');
  return {
    reboot: ini.get('tools', 'reboot') ?? '/usr/bin/reboot',
    coldReboot: ini.get('tools', 'cold-reboot') ?? '/usr/bin/cold-reboot',
    ...(wrapper ? { workerWrapper: wrapper } : {}),
  };
}

/**
 * The files that hold the worker's key: other users have no business there. The reference worker
 * leaves them readable for all; what is in them does not change.
 */
export async function closeToOthers(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    // Of a file that is somebody else's we may not say who reads it.
    if (found !== undefined && (found.mode & 0o077) !== 0 && found.uid === process.getuid?.()) await chmod(path, 0o600);
  }
}

/** What `register` writes; the reference worker can use it too. */
export interface NewSettings {
  serverUrl: string;
  hostname: string;
  apiKey: string;
  jwt?: string | undefined;
  jwtExpires?: number | undefined;
  hostTags: string;
  concurrentRuns: number;
  surgesOnly: boolean;
  version: string;
}

/**
 * Adds a worker to a folder that has none; other sections of an existing file stay.
 *
 * @returns puts back what was there before
 * @throws SettingsError when the folder is a worker's already; EnvironmentError when they cannot be written
 */
export async function writeNewSettings(folder: string, settings: NewSettings): Promise<() => Promise<void>> {
  const path = settingsPath(folder);
  await makeFolder(folder);
  const before = await readText(path, { maxBytes: LONGEST_SETTINGS });
  const ini = openForNew(path, before ?? '');
  for (const [key, value] of Object.entries(textsOf(settings))) if (value !== undefined) ini.set(MAIN, key, value);
  await writeAtomically(path, ini.toString()).catch((error) => {
    throw notWritten('The settings of the worker', path, error);
  });
  return () => (before === undefined ? rm(path, { force: true }) : writeAtomically(path, before));
}

function openForNew(path: string, before: string): Ini {
  try {
    const ini = new Ini(before);
    if (!ini.has(MAIN)) return ini;
  } catch (error) {
    if (!(error instanceof IniError)) throw error;
    throw new SettingsError(`${path} exists and cannot be used: ${error.message}. Correct or remove it.`);
  }
  throw new SettingsError(
    `There is a worker in this folder already: ${path}. To register another, name another folder with --folder; to replace it, first "jobserv worker unregister", then remove the file.`,
  );
}

const textsOf = (settings: NewSettings): Record<string, string | undefined> => ({
  server_url: settings.serverUrl,
  version: settings.version,
  log_level: 'INFO',
  concurrent_runs: String(settings.concurrentRuns),
  host_tags: settings.hostTags,
  surges_only: settings.surgesOnly ? '1' : '0',
  jwt: settings.jwt,
  'jwt-exp': settings.jwtExpires === undefined ? undefined : String(settings.jwtExpires),
  host_api_key: settings.apiKey,
  hostname: settings.hostname,
});

export class SettingsError extends Error {
  override name = 'SettingsError';
}

export interface WorkerToken {
  /** The worker's name. */
  name: string;
  /** Seconds since 1970. */
  expires?: number;
}

/** @throws SettingsError, which does not quote it */
export function readJwt(jwt: string): WorkerToken {
  const payload = jwt.split('.')[1] ?? '';
  try {
    const { name, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    if (typeof name === 'string' && name !== '') return { name, ...(typeof exp === 'number' ? { expires: exp } : {}) };
  } catch {
    // Reported below, without quoting it.
  }
  throw new SettingsError(
    'The JWT cannot be used: it does not hold the name of a worker. Ask the server for another one.',
  );
}
