/** `validate --fix`: repairs a definition where it stands. */
import { accessSync, constants } from 'node:fs';
import { UsageError } from '../../lib/errors.js';
import { type CheckResult, check } from '../../lint/check.js';
import { fix } from '../../lint/fix.js';
import type { LintConfig } from '../../lint/lint-config.js';
import type { ShellChecker } from '../../lint/shell-notes.js';
import type { Repairs } from '../../terminal/validation-report.js';
import type { DefinitionFile } from './definition-files.js';

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
