/** The programs of this machine: where they are, what they may know of our environment, how a command line is written. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Credentials of this program from the start on. */
const hidden = new Set(['JOBSERV_TOKEN', 'JOBSERV_HEADER']);
/** Without these a program does not find its own files; nobody keeps a secret in them. */
const ALWAYS_PASSED = new Set(['PATH', 'HOME', 'USER', 'TMPDIR', 'LANG', 'LC_ALL']);

/** From now on no program that is started here inherits these variables. For secrets that were read from them. */
export function hideFromPrograms(names: Iterable<string>): void {
  for (const name of names) if (!ALWAYS_PASSED.has(name)) hidden.add(name);
}

/** Our environment without the hidden variables. */
export function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !hidden.has(name)));
}

/** The absolute folders of PATH: a relative or empty entry would start a program out of a stranger's repository. */
function programFolders(env: NodeJS.ProcessEnv): string[] {
  return (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
}

/** Where a system keeps its programs. For a PATH without absolute folders: an empty one means the current folder. */
const SYSTEM_PATH = '/usr/bin:/bin';

/** The environment of a program: it and its own children are found in absolute folders only. */
export function environmentOf(env: NodeJS.ProcessEnv = childEnvironment()): NodeJS.ProcessEnv {
  return { ...env, PATH: programFolders(env).join(delimiter) || SYSTEM_PATH };
}

/** A program in the absolute folders of PATH. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return programFolders(env)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** A command line for a POSIX shell: each word is quoted where the shell would not take it as it stands. */
export function shellCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
