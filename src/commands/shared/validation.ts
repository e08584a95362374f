import { accessSync, constants } from 'node:fs';
import {
  findProgram,
  notWritten,
  ProcessError,
  replaceContent,
  runProcess,
  runProcessSync,
  UsageError,
} from '../../lib/index.js';
import { type CheckResult, check, fix, type LintConfig, type ShellChecker, type ShellNote } from '../../lint/index.js';
import { jsonTextOf, type LoadedYaml } from '../../python/index.js';
import { type HttpClient, validateDefinition } from '../../server/index.js';
import type { Repairs } from '../../terminal/index.js';
import type { DefinitionFile } from './definitions.js';

/**
 * The verdict of the server of `--server`; undefined for a text that cannot become JSON, so there is nothing to post.
 *
 * @throws ServerFailure when it gives none
 */
export async function askServer(http: HttpClient, address: string, document: LoadedYaml) {
  const server = address.replace(/\/+$/, '');
  const json = jsonTextOf(document);
  return json === undefined ? undefined : { server, ...(await validateDefinition(http, server, json)) };
}

/** The time to compare two texts grows with their length times their differences. */
const MAX_DIFF_MS = 5000;

/**
 * `validate --fix`: makes the safe repairs, and checks the result. A file is replaced in one step and keeps its mode
 * and owner; of a link the target is replaced. A repaired definition from stdin is returned as text.
 *
 * @param dryRun writes nothing, and returns the difference
 * @param unsafe also replaces names that do not exist by those that were probably meant
 * @throws EnvironmentError when the file cannot be written
 */
export async function fixDefinition(
  { path, bytes }: DefinitionFile,
  config: LintConfig,
  { dryRun, unsafe, shell }: { dryRun: boolean; unsafe: boolean; shell: ShellChecker },
): Promise<{ result: CheckResult; fixed: Repairs }> {
  const { text, repairs } = fix(bytes, config, { unsafe });
  if (repairs === 0) {
    const same = path === '<stdin>' && !dryRun ? { text: bytes.toString() } : {};
    return { result: check(bytes, config, shell), fixed: { repairs: 0, ...same } };
  }
  const result = check(text, config, shell);
  if (dryRun) return { result, fixed: { repairs, diff: await difference(path, bytes.toString(), text) } };
  if (path === '<stdin>') return { result, fixed: { repairs, text } };
  await write(path, Buffer.from(text));
  return { result, fixed: { repairs } };
}

async function difference(path: string, before: string, after: string): Promise<string> {
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff');
  const name = path === '<stdin>' ? 'stdin' : path.replace(/^\.\//, '');
  const names = name.startsWith('/') ? [name, name] : [`a/${name}`, `b/${name}`];
  const [old = name, next = name] = names;
  const options = { context: 3, headerOptions: FILE_HEADERS_ONLY, timeout: MAX_DIFF_MS };
  const patch = createTwoFilesPatch(old, next, before, after, undefined, undefined, options);
  if (patch !== undefined) return patch;
  throw new UsageError(
    `${path} needs too many repairs to show the difference. Keep a copy, repair it with --fix, and compare the two.`,
  );
}

async function write(path: string, bytes: Buffer): Promise<void> {
  try {
    // A rename would also replace a file that is not writable.
    accessSync(path, constants.W_OK);
    await replaceContent(path, bytes);
  } catch (error) {
    throw notWritten('The repair', path, error, 'Nothing was changed in it. Let this user write it, or repair a copy.');
  }
}

/** Findings below a warning are about style. SC1091: sourced files are in the container; SC2187: it checks ash as dash; SC3043: every `sh` has `local`. */
const ARGUMENTS = ['--format=json1', '--severity=warning', '--norc', '--exclude=SC1091,SC2187,SC3043', '-'];
const TIMEOUT_MS = 10_000;

/**
 * Runs the shellcheck on PATH, once for each text. Without shellcheck there are no findings.
 *
 * @param warn is called once if it does not work
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

/** The same without blocking the process; undefined without shellcheck. */
export function shellcheckInBackground(): ((script: string) => Promise<readonly ShellNote[]>) | undefined {
  const program = findProgram('shellcheck');
  if (program === undefined) return undefined;
  return async (script) => {
    try {
      const { status, stdout } = await runProcess([program, ...ARGUMENTS], { input: script, timeoutMs: TIMEOUT_MS });
      return notesOf(status, stdout.toString()) ?? [];
    } catch (error) {
      if (error instanceof ProcessError) return [];
      throw error;
    }
  };
}

function ask(program: string, script: string): ShellNote[] | undefined {
  try {
    const { status, stdout } = runProcessSync([program, ...ARGUMENTS], script, TIMEOUT_MS);
    return notesOf(status, stdout);
  } catch {
    return undefined;
  }
}

/** undefined for an answer that cannot be read. */
function notesOf(status: number | undefined, answer: string): ShellNote[] | undefined {
  if (status !== 0 && status !== 1) return undefined;
  try {
    const { comments } = JSON.parse(answer) as { comments: (ShellNote & { code: number })[] };
    return comments.map(({ line, column, endLine, endColumn, code, message }) => ({
      ...{ line, column, endLine, endColumn, message },
      code: `SC${code}`,
      url: `https://www.shellcheck.net/wiki/SC${code}`,
    }));
  } catch {
    return undefined;
  }
}
