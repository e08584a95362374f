import { type Dirent, lstatSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { repositoryFolder } from '../../git/index.js';
import {
  foreignOwner,
  type ReadOptions,
  readChosen,
  readStreamBounded,
  systemWords,
  UsageError,
} from '../../lib/index.js';
import { check, type FailuresOfRun, serverFailures } from '../../lint/index.js';
import { type Definition, type ExpandedTrigger, expand } from '../../schema/index.js';
import type { Check } from '../../simulator/index.js';
import { printMessage } from '../../terminal/index.js';
import { RejectedDefinition } from './errors.js';

/**
 * Finds and reads definitions. What lies in a repository may come from strangers (CI validates their requests):
 * no link leads out of it or to a file that is no definition, and nothing is read that never ends or has no end in sight.
 */

export interface DefinitionFile {
  /** As the user wrote it, or as it was found; `<stdin>` for `-`. */
  path: string;
  bytes: Buffer;
}

export const DEFAULT_DEFINITION = '.jobserv.yml';
/** Of any file that is read here. The largest definitions in the field have some hundred kilobytes. */
export const MAX_BYTES = 5 * 1024 * 1024;
const DEFINITION_NAME = /^(.*\.)?jobserv\.ya?ml$/;
const YAML_NAME = /\.ya?ml$/;
const NOT_SEARCHED = new Set(['.git', 'node_modules']);

/**
 * The `.jobserv.yml` of a folder or, in a repository, of the nearest folder above it, up to the repository's root.
 *
 * @returns its path relative to the folder; undefined where there is none
 * @throws UsageError for one above that belongs to another user
 */
export function findDefinition(from: string = process.cwd()): string | undefined {
  const top = repositoryFolder(from) ?? from;
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, DEFAULT_DEFINITION);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      refuseForeign(path, from);
      return relative(from, path);
    }
    if (folder === top || folder === dirname(folder)) return undefined;
  }
}

/**
 * Who can write into a folder above could else choose what this user runs, and with which image.
 *
 * @param start the folder where the command works: what is in that one counts, whoever owns it
 * @throws UsageError for a file in another folder that belongs to another user
 */
export function refuseForeign(path: string, start: string): void {
  const owner = dirname(path) === start ? undefined : foreignOwner(path, start);
  if (owner === undefined) return;
  throw new UsageError(
    `${path} would apply here, since it lies above, but it belongs to another user (uid ${owner}). If you trust that user, take the file over (sudo chown -h ${process.getuid?.()} "${path}") or run the command in its folder. If not, remove it, or make your own folder a repository (git init).`,
  );
}

/** Reports on stderr when the definition is not one of this folder. */
function defaultDefinition(): string {
  const path = findDefinition();
  if (path === undefined) {
    const where =
      repositoryFolder('.') === undefined ? 'in this folder' : 'in this folder or above it in the repository';
    throw new UsageError(
      `There is no ${DEFAULT_DEFINITION} ${where}. Name the definition, or write a first one with jobserv init.`,
    );
  }
  if (path !== DEFAULT_DEFINITION) printMessage(`Using ${path}; this folder has no ${DEFAULT_DEFINITION}.`);
  return path;
}

/**
 * Reads what a command line names: files as they are, `-` for stdin, and of a folder every
 * `.jobserv.yml` and `<name>.jobserv.yml` (or `.yaml`) below it, and other YAML files that have
 * what no definition can be without: `timeout` and `triggers`. Links to folders are not followed.
 * Without a name it is the definition that `findDefinition` finds.
 *
 * @throws UsageError when a name is not there, cannot or must not be read, or is a folder without definitions
 */
export async function* readDefinitions(names: readonly string[]): AsyncGenerator<DefinitionFile> {
  if (names.length === 0) {
    const path = defaultDefinition();
    yield { path, bytes: await readFound(path) };
  }
  for (const name of names) {
    if (name === '-') yield { path: '<stdin>', bytes: await readStdin() };
    else if (isFolder(name)) yield* definitionsIn(name);
    else yield { path: name, bytes: await readNamed(name) };
  }
}

/** The path of the definition that a command works on, `-` as it is; undefined where there is none. */
export function definitionPath(name: string | undefined): string | undefined {
  if (name === undefined) return findDefinition();
  return isFolder(name) ? join(name, DEFAULT_DEFINITION) : name;
}

/** The one definition that a command works on: a file, a folder with a `.jobserv.yml`, `-`, or the one of this folder. */
export async function readDefinition(name?: string): Promise<DefinitionFile> {
  const path = name === undefined ? undefined : definitionPath(name);
  const names = path === undefined ? [] : [path];
  for await (const file of readDefinitions(names)) return file;
  throw new UsageError(`${name} cannot be read.`);
}

async function readStdin(): Promise<Buffer> {
  try {
    return await readStreamBounded(process.stdin, MAX_BYTES);
  } catch (error) {
    throw new UsageError(`The standard input cannot be read: ${(error as Error).message}.`);
  }
}

function isFolder(name: string): boolean {
  try {
    return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // Reading it says why.
    return false;
  }
}

async function* definitionsIn(folder: string): AsyncGenerator<DefinitionFile> {
  let found = 0;
  for await (const file of search(folder)) {
    found += 1;
    yield file;
  }
  if (found === 0) {
    throw new UsageError(
      `There is no definition below ${folder}. A search finds .jobserv.yml, NAME.jobserv.yml, and YAML files with the keys timeout and triggers.`,
    );
  }
}

async function* search(folder: string): AsyncGenerator<DefinitionFile> {
  const entries = (await entriesOf(folder)).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!NOT_SEARCHED.has(entry.name)) yield* search(path);
    } else if (DEFINITION_NAME.test(entry.name)) {
      yield { path, bytes: await readFound(path) };
    } else if (YAML_NAME.test(entry.name) && entry.isFile() && ((await sizeOf(path)) ?? 0) <= MAX_BYTES) {
      const bytes = await readFound(path);
      if (looksLikeDefinition(bytes.toString('latin1'))) yield { path, bytes };
    }
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(
      `The folder ${folder} cannot be searched: ${systemWords(error)}. Name the files that can be read.`,
    );
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/** Whether a file is a definition: by its name, or a YAML file by its keys. */
export function isDefinition(path: string, text: string): boolean {
  return DEFINITION_NAME.test(basename(path)) || looksLikeDefinition(text);
}

/** What a search would take, so that a link shows no file that is anything else. */
function isDefinitionFile(path: string, content: Buffer): boolean {
  return YAML_NAME.test(path) && isDefinition(path, content.toString('latin1'));
}

function looksLikeDefinition(text: string): boolean {
  return /^timeout[ \t]*:/m.test(text) && /^triggers[ \t]*:/m.test(text);
}

/**
 * A file that was found, not named: it has to be a regular one, in its repository or else in its folder.
 *
 * @param linksTo which files it may be a link to: definitions, unless given
 */
export async function readFound(
  path: string,
  shown: string = path,
  linksTo: ReadOptions['linksTo'] = isDefinitionFile,
): Promise<Buffer> {
  const folder = dirname(resolve(path));
  return read(path, shown, { inside: repositoryFolder(folder) ?? folder, linksTo });
}

/** What a person names outside a repository may be a link to anywhere, or a pipe: `validate <(make-definition)`. */
async function readNamed(path: string): Promise<Buffer> {
  const inside = repositoryFolder(dirname(resolve(path)));
  return read(path, path, inside === undefined ? { pipes: true } : { inside, linksTo: isDefinitionFile });
}

async function read(path: string, shown: string, options: ReadOptions): Promise<Buffer> {
  return readChosen(path, shown, { ...options, maxBytes: MAX_BYTES });
}

export interface DefinitionAndText {
  path: string;
  definition: Definition;
  triggers: ExpandedTrigger[];
  /** Why a run would fail on a server, and not here. */
  failures: FailuresOfRun;
}

/**
 * Reads, checks and expands one definition: a file, a folder that has a `.jobserv.yml`, or `-`.
 *
 * @throws RejectedDefinition when the server would not take it; UsageError when it cannot be read
 */
export async function loadDefinition(name?: string): Promise<DefinitionAndText> {
  const { path, bytes } = await readDefinition(name);
  const { definition, all, document } = check(bytes);
  if (definition === undefined) {
    const rejections = all.filter(({ server }) => server === 'rejects');
    throw new RejectedDefinition(path, document.text, rejections);
  }
  return { path, definition, triggers: expand(definition), failures: serverFailures(definition, all) };
}

/**
 * What `doctor` reports on the definition, its folder, and the images of its runs. Without one there is nothing wrong.
 *
 * @throws UsageError when the one that was named cannot be read
 */
export async function definitionAtHand(name?: string): Promise<{ check: Check; folder: string; images: string[] }> {
  const folder = process.cwd();
  if (name === undefined && findDefinition() === undefined) {
    const repair = 'Write a first one with jobserv init.';
    const found = `no ${DEFAULT_DEFINITION} here`;
    return { check: { name: 'definition', state: 'note', found, repair }, folder, images: [] };
  }
  const { path, bytes } = await readDefinition(name);
  const { accepted, definition } = check(bytes);
  const images = (definition?.triggers ?? []).flatMap(({ runs }) => runs.map(({ container }) => container));
  const about = { folder: name === '-' ? folder : dirname(resolve(path)), images };
  if (accepted) {
    return { check: { name: 'definition', state: 'works', found: `${path}: the server would accept it` }, ...about };
  }
  const found = `${path}: the server would reject it`;
  return { check: { name: 'definition', state: 'broken', found, repair: `See jobserv validate ${path}.` }, ...about };
}
