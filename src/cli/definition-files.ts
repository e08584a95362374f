import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../simulator/usage-error.js';

export interface DefinitionFile {
  /** As the user wrote it, or found it; `<stdin>` for `-`. */
  path: string;
  text: string;
}

const DEFAULT_DEFINITION = '.jobserv.yml';
const DEFINITION_NAME = /^(.*\.)?jobserv\.ya?ml$/;
const NOT_SEARCHED = new Set(['.git', 'node_modules']);

/**
 * Reads what a command line names: files as they are, `-` for stdin, and of a folder every
 * `.jobserv.yml` and `<name>.jobserv.yml` (or `.yaml`) below it, links to folders not followed.
 *
 * @throws UsageError when a name is not there, cannot be read, or is a folder without definitions
 */
export async function* readDefinitions(names: readonly string[]): AsyncGenerator<DefinitionFile> {
  for (const name of names.length > 0 ? names : [DEFAULT_DEFINITION]) {
    if (name === '-') yield { path: '<stdin>', text: textOf('stdin', await readStdin()) };
    else if (isFolder(name)) yield* definitionsIn(name);
    else yield { path: name, text: read(name) };
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
  for (const path of search(folder)) {
    found += 1;
    yield { path, text: read(path) };
  }
  if (found === 0) {
    throw new UsageError(
      `There is no definition below ${folder}: a search takes .jobserv.yml and NAME.jobserv.yml; a file with another name has to be named itself.`,
    );
  }
}

function* search(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!NOT_SEARCHED.has(entry.name)) yield* search(path);
    } else if (DEFINITION_NAME.test(entry.name)) {
      yield path;
    }
  }
}

function read(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || path !== DEFAULT_DEFINITION)
      throw new UsageError(`${path} cannot be read: ${why(error)}.`);
    throw new UsageError(`There is no ${path} in this folder. Name the definition, or go to where it is.`);
  }
  return textOf(path, bytes);
}

/** A byte order mark stays: what it means is for the YAML reader to say. */
function textOf(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is no text in UTF-8; a definition has to be.`);
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
  if (isFolder(name)) return { path: join(name, DEFAULT_DEFINITION), text: read(join(name, DEFAULT_DEFINITION)) };
  for await (const file of readDefinitions([name])) return file;
  throw new UsageError(`${name} cannot be read.`);
}
