import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const IMAGE = 'jobserv-test:busybox';

function definition(type: string, script: string): string {
  const body = script
    .trimEnd()
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n');
  return `timeout: 5
triggers:
  - name: bench
    type: ${type}
    runs:
      - name: run
        container: ${IMAGE}
        host-tag: amd64
        script: bench
scripts:
  bench: |
${body}
`;
}

export function simpleProject(folder: string, script: string): { file: string; workspace: string } {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, '.jobserv.yml');
  writeFileSync(file, definition('simple', script));
  return { file, workspace: join(folder, 'workspace') };
}

/** So many definitions of the size of a small project's, no two the same. */
export function bulkFolder(folder: string, count: number): string {
  const bulk = join(folder, 'bulk');
  mkdirSync(bulk);
  for (let index = 0; index < count; index++) {
    const script = `#!/bin/sh -e\ncd /repo\nmake -j4 target-${index}\ncp out/* /archive/\n`;
    writeFileSync(join(bulk, `${index}.jobserv.yml`), definition('git_poller', script));
  }
  return bulk;
}

/** A git repository of 10,000 files of 10 KB that no pack compresses, some of them changed since the commit. */
export function largeRepository(folder: string): { file: string; workspace: string; repository: string } {
  const repository = join(folder, 'repository');
  mkdirSync(repository);
  for (let index = 0; index < 10_000; index++) {
    if (index % 100 === 0) mkdirSync(join(repository, `d${index / 100}`));
    writeFileSync(join(repository, `d${Math.floor(index / 100)}`, `f${index}`), noise(index, 10_000));
  }
  const file = join(repository, '.jobserv.yml');
  writeFileSync(file, definition('git_poller', '#!/bin/sh\ntrue\n'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], { cwd: repository });
  git('init', '--quiet');
  // A housekeeper in the background would be measured too, and in the way when the folder goes.
  git('config', 'gc.auto', '0');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'bench');
  for (let index = 0; index < 10; index++) writeFileSync(join(repository, `d${index}`, 'new'), noise(-index, 1000));
  return { file, workspace: join(folder, 'workspace'), repository };
}

/** The same bytes for the same seed: a linear congruential generator's. */
function noise(seed: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = (seed ^ 0x5bd1e995) >>> 0;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
