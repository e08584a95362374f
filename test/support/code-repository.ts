/** A repository with one commit on `main`, and a bare one beside it that a git server can serve. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param root an empty folder; `served/code.git` in it is the bare one
 * @param files by name; executable
 * @returns the commit
 */
export function makeCodeRepository(root: string, files: Record<string, string>): string {
  const work = join(root, 'work');
  mkdirSync(work);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(work, name), text, { mode: 0o755 });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], {
      cwd: work,
      encoding: 'utf8',
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'One');
  git('clone', '--quiet', '--bare', '.', join(root, 'served', 'code.git'));
  return git('rev-parse', 'HEAD').trim();
}
