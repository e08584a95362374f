import { accessSync, constants } from 'node:fs';
import { UsageError } from '../../lib/errors.js';
import { findProgram, runProcessSync } from '../../lib/process.js';
import { type CheckResult, check } from '../../lint/check.js';
import type { LintConfig } from '../../lint/finding.js';
import { fix } from '../../lint/fix.js';
import type { ShellChecker, ShellNote } from '../../lint/shell.js';
import { jsonTextOf, type LoadedYaml } from '../../python/yaml/load.js';
import { validateDefinition } from '../../server/run.js';
import { type AccessRequest, openServers, type ServerAccess } from '../../simulator/inputs/server-access.js';
import type { Repairs, ServerWord } from '../../terminal/validation-report.js';
import type { DefinitionFile } from './definitions.js';

/** `validate --server`: what a live server says of a definition. */

/** One server, asked about any number of definitions. To be closed. */
export class AskedServer {
  readonly #address: string;
  readonly #access: ServerAccess;

  private constructor(address: string, access: ServerAccess) {
    this.#address = address;
    this.#access = access;
  }

  /** @throws UsageError for what is no address, or a token that cannot be sent */
  static async open(address: string, request: AccessRequest): Promise<AskedServer> {
    return new AskedServer(address.replace(/\/+$/, ''), await openServers([address], request));
  }

  /**
   * Its verdict; undefined where the text makes no JSON, so that there is nothing to post.
   *
   * @throws ServerFailure when it gives none
   */
  async ask(document: LoadedYaml): Promise<ServerWord | undefined> {
    const json = jsonTextOf(document);
    if (json === undefined) return undefined;
    const verdict = await validateDefinition(this.#access.http, this.#address, json);
    return { server: this.#address, ...verdict };
  }

  async close(): Promise<void> {
    await this.#access.http.close();
  }
}

/** `validate --fix`: repairs a definition where it stands. */

/** The time to compare two texts grows with their length times their differences. */
const MAX_DIFF_MS = 5000;

/**
 * Makes the repairs that are safe, and answers what is said of the definition then. A file is replaced in one step,
 * its mode and owner kept; behind a link it is the link's target. A definition from stdin is answered as text.
 *
 * @param dryRun writes nothing: the answer has the difference instead
 * @throws UsageError when the file cannot be written
 */
export async function fixDefinition(
  { path, bytes }: DefinitionFile,
  config: LintConfig,
  { dryRun, shell }: { dryRun: boolean; shell: ShellChecker },
): Promise<{ result: CheckResult; fixed: Repairs }> {
  const { text, repairs } = fix(bytes, config);
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
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    // A rename would replace a file that nobody may write, too.
    accessSync(path, constants.W_OK);
    await writeFileAtomic(path, bytes);
  } catch (error) {
    throw new UsageError(
      `${path} cannot be repaired in place: ${(error as Error).message}. Nothing was changed in it.`,
    );
  }
}

/** shellcheck, where this machine has it: it knows of a script's mistakes what the grammar does not tell. */

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
