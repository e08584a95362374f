/**
 * Bare repositories for the probe's git cases: same bytes, dates and therefore SHAs wherever
 * they are made. `app` (with submodule `sub`), `scripts` (the probe in a folder).
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PROBE } from './probe-cases.js';

const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };

type Entry = [mode: '100644' | '100755' | '120000' | '160000', path: string, content: string];

/** Answers the SHAs as placeholders: `sha:<repository>:<branch>`. */
export function makeProbeRepositories(folder: string): Record<string, string> {
  const shas: Record<string, string> = {};
  const make = (name: string, branches: [string, Entry[]][]) => {
    const directory = join(folder, `${name}.git`);
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', directory], { env });
    const stream = branches.map(([branch, entries], index) => commit(branch, entries, index)).join('');
    execFileSync('git', ['fast-import', '--quiet'], { cwd: directory, env, input: stream });
    execFileSync('git', ['config', 'http.receivepack', 'false'], { cwd: directory, env });
    for (const [branch] of branches) {
      const sha = execFileSync('git', ['rev-parse', branch], { cwd: directory, env, encoding: 'utf8' }).trim();
      shas[`sha:${name}:${branch}`] = sha;
    }
  };
  make('sub', [['main', [['100644', 'sub.txt', 'of the submodule\n']]]]);
  const readme: Entry = ['100644', 'README', 'first\n'];
  const modules = '[submodule "deps/sub"]\n\tpath = deps/sub\n\turl = ../sub.git\n';
  make('app', [
    ['old', [readme]],
    [
      'main',
      [
        ['100644', 'README', 'second\n'],
        ['100755', 'tools/run', '#!/bin/sh\necho tools\n'],
        ['120000', 'link', 'README'],
      ],
    ],
    ['modules', [readme, ['100644', '.gitmodules', modules], ['160000', 'deps/sub', shas['sha:sub:main'] as string]]],
  ]);
  make('scripts', [
    [
      'main',
      [
        ['100755', 'ci/probe', PROBE],
        ['100644', 'ci/not-executable', PROBE],
        ['100644', 'VERSION', 'main\n'],
      ],
    ],
    [
      'stable',
      [
        ['100755', 'ci/probe', PROBE],
        ['100644', 'VERSION', 'stable\n'],
      ],
    ],
  ]);
  return shas;
}

/** One commit of a fast-import stream, on top of the one before it. */
function commit(branch: string, entries: Entry[], index: number): string {
  const when = `Probe <probe@example.org> ${1_600_000_000 + index * 60} +0000`;
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const files = entries.map(([mode, path, content]) =>
    mode === '160000' ? `M 160000 ${content} ${path}\n` : `M ${mode} inline ${path}\n${data(content)}`,
  );
  const parent = index === 0 ? '' : `from :${index}\n`;
  const message = data(`commit ${index + 1}\n`);
  return `commit refs/heads/${branch}\nmark :${index + 1}\ncommitter ${when}\n${message}${parent}deleteall\n${files.join('')}\n`;
}
