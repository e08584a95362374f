/** shellcheck, where this machine has it: it knows of a script's mistakes what the grammar does not tell. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ShellChecker, ShellNote } from '../../lint/shell-notes.js';

/** Below a warning it is about style. SC1091: sourced files are in the container; SC2187: ash is dash to it; SC3043: every `sh` has `local`. */
const ARGUMENTS = ['--format=json1', '--severity=warning', '--norc', '--exclude=SC1091,SC2187,SC3043', '-'];
const TIMEOUT_MS = 10_000;

/**
 * Asks the shellcheck on PATH, once for each text; without one it finds nothing.
 *
 * @param warn is told, once, when it does not work
 */
export function shellcheckOnPath(warn: (message: string) => void): ShellChecker {
  let program: string | undefined | null = null;
  const known = new Map<string, readonly ShellNote[]>();
  return (script) => {
    program = program === null ? findProgram() : program;
    if (program === undefined) return [];
    const notes = known.get(script) ?? ask(program, script);
    known.set(script, notes ?? []);
    if (notes !== undefined) return notes;
    warn(`${program} gives no answer, so scripts were checked without it. Does it work on its own?`);
    program = undefined;
    return [];
  };
}

function findProgram(): string | undefined {
  // A relative folder on PATH would run what somebody else put into the repository.
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, 'shellcheck')).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** undefined when it cannot be understood. */
function ask(program: string, script: string): ShellNote[] | undefined {
  const options = { input: script, encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: 1 << 26 } as const;
  const { status, stdout } = spawnSync(program, ARGUMENTS, options);
  if (status !== 0 && status !== 1) return undefined;
  try {
    const { comments } = JSON.parse(stdout) as { comments: (ShellNote & { code: number })[] };
    return comments.map(({ line, column, endLine, endColumn, code, message }) => ({
      ...{ line, column, endLine, endColumn, message },
      code: `SC${code}`,
      url: `https://www.shellcheck.net/wiki/SC${code}`,
    }));
  } catch {
    return undefined;
  }
}
