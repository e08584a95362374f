/** What flags and files give a run: params, secrets, pairs of names. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { repositoryFolder } from '../../git/index.js';
import { hideFromPrograms, UsageError } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';
import { readAssignments } from './assignments.js';

/** Read when it exists and no other file is named. */
const DEFAULT_SECRET_FILE = '.jobserv.secrets';

export interface GivenValues {
  params: StringMap;
  secrets: StringMap;
  /** Names of the secrets that flags gave: the run of a rundef gets those though it does not name them. */
  flaggedSecrets: ReadonlySet<string>;
  /** Absolute paths of the files that hold secrets; they never go into a run. */
  secretFiles: string[];
}

/**
 * The params of `-p` and `--param-file`, and the secrets of `-s` and the secret file. A flag wins over
 * a file, the later of two flags over the earlier. Null-prototype, so that `__proto__` is a name like any other.
 *
 * @throws UsageError for a flag or file that cannot be understood, or a name that no worker takes
 */
export async function readGivenValues(given: {
  param?: readonly string[] | undefined;
  'param-file'?: string | undefined;
  secret?: readonly string[] | undefined;
  'secret-file'?: string | undefined;
  project?: string | undefined;
  env?: NodeJS.ProcessEnv;
  /** Ends the reading of a pipe. */
  signal?: AbortSignal;
}): Promise<GivenValues> {
  if (given.project !== undefined && /\p{Cc}/u.test(given.project)) {
    const shown = JSON.stringify(given.project);
    throw new UsageError(`${shown} cannot be the name of a project: there is a control character in it.`);
  }
  const named = { pipes: true, ...(given.signal && { signal: given.signal }) };
  const paramFile = given['param-file'];
  const fromFile = paramFile === undefined ? {} : await readAssignments(paramFile, 'the param file', named);
  const params: StringMap = Object.assign(Object.create(null), fromFile);
  for (const flag of given.param ?? []) {
    const [name, value] = split(flag);
    if (value === undefined)
      throw new UsageError(`-p ${flag} has no value. Write -p ${flag}=VALUE, or -p ${flag}= for an empty one.`);
    params[name] = value;
  }
  for (const name of Object.keys(params)) refuseParamName(name);

  const secretFile = given['secret-file'] ?? (existsSync(DEFAULT_SECRET_FILE) ? DEFAULT_SECRET_FILE : undefined);
  const secrets: StringMap = Object.create(null);
  if (secretFile !== undefined) {
    // One that nobody named may come with a stranger's repository: a link would hand secrets of another place, or file, to it.
    const found = given['secret-file'] === undefined;
    const what = found ? 'the secret file of this folder (--secret-file names another)' : 'the secret file';
    const linksTo = (path: string) => basename(path) === DEFAULT_SECRET_FILE;
    const options = found ? { inside: repositoryFolder('.') ?? process.cwd(), linksTo } : named;
    Object.assign(secrets, await readAssignments(secretFile, what, options));
  }
  const env = given.env ?? process.env;
  for (const flag of given.secret ?? []) {
    const [name, value = env[name]] = split(flag);
    refuseSecretName(name);
    if (value === undefined) {
      throw new UsageError(`-s ${name} takes the secret from the environment, and ${name} is not set there.`);
    }
    if (!flag.includes('=')) hideFromPrograms([name]);
    secrets[name] = value;
  }
  for (const name of Object.keys(secrets)) refuseSecretName(name);

  const values = new Set(Object.values(secrets).filter((value) => value !== ''));
  const sharesSecret = Object.values(fromFile).some((value) => values.has(value));
  const files = [secretFile, sharesSecret ? paramFile : undefined].filter((path) => path !== undefined);
  return {
    params,
    secrets,
    flaggedSecrets: new Set((given.secret ?? []).map((flag) => split(flag)[0])),
    secretFiles: files.map((path) => resolve(path)),
  };
}

function split(flag: string): [name: string, value: string | undefined] {
  const at = flag.indexOf('=');
  return at < 0 ? [flag, undefined] : [flag.slice(0, at), flag.slice(at + 1)];
}

function refuseParamName(name: string): void {
  const why =
    name === ''
      ? 'it is empty'
      : /\s/.test(name)
        ? 'there is a blank in it'
        : name.startsWith('#')
          ? 'a worker reads it as a comment'
          : name.includes('\0')
            ? 'there is a NUL in it'
            : undefined;
  if (why) throw new UsageError(`${JSON.stringify(name)} cannot be the name of a param: ${why}.`);
}

/** A name of a file, in bytes, as file systems take it. */
const LONGEST_SECRET_NAME = 255;

function refuseSecretName(name: string): void {
  const why = /^\.{0,2}$|[/\0]/.test(name)
    ? 'each secret is a file in /secrets'
    : /[\s\p{Cc}]/u.test(name)
      ? 'there is a blank or a control character in it'
      : Buffer.byteLength(name) > LONGEST_SECRET_NAME
        ? `each secret is a file in /secrets, and the name of a file has at most ${LONGEST_SECRET_NAME} bytes`
        : undefined;
  if (why === undefined) return;
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  throw new UsageError(`${JSON.stringify(shown)} cannot be the name of a secret: ${why}.`);
}

/**
 * `FROM=TO` as flags give it; the last of a name wins.
 *
 * @param flag where they come from, with its dashes
 * @param form how one is written: `FROM=TO`
 * @throws UsageError for one without both sides
 */
export function readPairs(flag: string, form: string, words: readonly string[]): StringMap {
  const pairs: StringMap = Object.create(null);
  for (const word of words) {
    const [name, value] = split(word);
    if (name === '' || !value) throw new UsageError(`${flag}${gap(flag)}${word} is not of the form ${form}.`);
    pairs[name] = value;
  }
  return pairs;
}

/** `--shared-volume NAME=PATH`: name → absolute path. @throws UsageError for a flag that says less, or a path that does not exist */
export function readSharedVolumes(flags: readonly string[]): StringMap {
  const volumes = readPairs('--shared-volume', 'NAME=PATH', flags);
  for (const [name, path] of Object.entries(volumes)) {
    volumes[name] = resolve(path);
    if (existsSync(path)) continue;
    throw new UsageError(`--shared-volume ${name}=${path}: ${volumes[name]} does not exist. Name a folder that does.`);
  }
  return volumes;
}

/** `--image FROM=TO`. @param origin the flag, or a variable @throws UsageError */
export function readImages(flags: readonly string[], origin = '--image'): StringMap {
  for (const flag of flags) {
    if (flag.includes('=')) continue;
    throw new UsageError(
      `${origin}${gap(origin)}${flag} does not say which image it replaces. Write ${origin}${gap(origin)}FROM=${flag}, FROM being the image in the definition.`,
    );
  }
  return readPairs(origin, 'FROM=TO', flags);
}

/** A flag is written before its value with a blank, a variable with `=`. */
const gap = (origin: string) => (origin.startsWith('--') ? ' ' : '=');

const UNITS: Record<string, number> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `512m`, `2g`, or bytes. No engine accepts less than 6m. @throws UsageError */
export const readMemory = (text: string): number => readSize('--memory', text, '6m');

/** @param least as `text` @throws UsageError */
export function readSize(flag: string, text: string, least: string): number {
  if (bytesIn(text) >= bytesIn(least)) return bytesIn(text);
  throw new UsageError(
    `${flag}${gap(flag)}${text} is no amount of at least ${least}. Write, for example, ${flag}${gap(flag)}512m or ${flag}${gap(flag)}2g.`,
  );
}

function bytesIn(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([bkmg]?)$/i.exec(text) ?? [];
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
}
