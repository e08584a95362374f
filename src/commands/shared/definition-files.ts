import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../lib/errors.js';

export interface DefinitionFile {
  /** As the user wrote it, or found it; `<stdin>` for `-`. */
  path: string;
  bytes: Buffer;
}

export const DEFAULT_DEFINITION = '.jobserv.yml';
const DEFINITION_NAME = /^(.*\.)?jobserv\.ya?ml$/;
const YAML_NAME = /\.ya?ml$/;
const NOT_SEARCHED = new Set(['.git', 'node_modules']);

/**
 * Reads what a command line names: files as they are, `-` for stdin, and of a folder every
 * `.jobserv.yml` and `<name>.jobserv.yml` (or `.yaml`) below it, and other YAML files that have
 * what no definition can be without: `timeout` and `triggers`. Links to folders are not followed.
 *
 * @throws UsageError when a name is not there, cannot be read, or is a folder without definitions
 */
export async function* readDefinitions(names: readonly string[]): AsyncGenerator<DefinitionFile> {
  for (const name of names.length > 0 ? names : [DEFAULT_DEFINITION]) {
    if (name === '-') yield { path: '<stdin>', bytes: await readStdin() };
    else if (isFolder(name)) yield* definitionsIn(name);
    else yield { path: name, bytes: read(name) };
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function* definitionsIn(folder: string): Generator<DefinitionFile> {
  let found = 0;
  for (const file of search(folder)) {
    found += 1;
    yield file;
  }
  if (found === 0) {
    throw new UsageError(
      `There is no definition below ${folder}: a search takes .jobserv.yml, NAME.jobserv.yml, and YAML files with timeout and triggers.`,
    );
  }
}

function* search(folder: string): Generator<DefinitionFile> {
  const entries = entriesOf(folder).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!NOT_SEARCHED.has(entry.name)) yield* search(path);
    } else if (DEFINITION_NAME.test(entry.name)) {
      yield { path, bytes: read(path) };
    } else if (YAML_NAME.test(entry.name) && entry.isFile()) {
      const bytes = read(path);
      if (looksLikeDefinition(bytes)) yield { path, bytes };
    }
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(`The folder ${folder} cannot be searched: ${why(error)}.`);
  }
}

function looksLikeDefinition(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return /^timeout[ \t]*:/m.test(text) && /^triggers[ \t]*:/m.test(text);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || path !== DEFAULT_DEFINITION)
      throw new UsageError(`${path} cannot be read: ${why(error)}.`);
    throw new UsageError(`There is no ${path} in this folder. Name the definition, or go to where it is.`);
  }
}

function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'you may not read it';
  return message;
}

/** The one definition that a command works on. */
export async function readDefinition(name: string = DEFAULT_DEFINITION): Promise<DefinitionFile> {
  if (isFolder(name)) return { path: join(name, DEFAULT_DEFINITION), bytes: read(join(name, DEFAULT_DEFINITION)) };
  for await (const file of readDefinitions([name])) return file;
  throw new UsageError(`${name} cannot be read.`);
}
