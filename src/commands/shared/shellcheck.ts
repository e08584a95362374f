/** shellcheck, where this machine has it: it knows of a script's mistakes what the grammar does not tell. */
import { findProgram, runProcessSync } from '../../lib/process.js';
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
    program = program === null ? findProgram('shellcheck') : program;
    if (program === undefined) return [];
    const notes = known.get(script) ?? ask(program, script);
    known.set(script, notes ?? []);
    if (notes !== undefined) return notes;
    warn(`${program} gives no answer, so scripts were checked without it. Does it work on its own?`);
    program = undefined;
    return [];
  };
}

/** undefined when it cannot be understood. */
function ask(program: string, script: string): ShellNote[] | undefined {
  try {
    const { status, stdout } = runProcessSync([program, ...ARGUMENTS], script, TIMEOUT_MS);
    if (status !== 0 && status !== 1) return undefined;
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
