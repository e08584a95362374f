import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './measure.js';

/** The last that runs on Node 20. */
const PEER = 'gitlab-ci-local@4.61.1';

/** What the peer copies files with; any image with a shell does. */
const HELPER = 'docker.io/firecow/gitlab-ci-local-util:latest';

/** Fetches the peer into the bench's folder; a string says why that could not be. */
export function installPeer(folder: string, image: string, script: string): Command | string {
  if (spawnSync('rsync', ['--version']).status !== 0) return 'gitlab-ci-local needs rsync, which is not installed';
  const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, PEER], {
    encoding: 'utf8',
  });
  if (npm.status !== 0) return `gitlab-ci-local cannot be installed here: ${npm.stderr.trim().split('\n').at(-1)}`;
  const tagged = spawnSync('docker', ['image', 'inspect', HELPER]).status !== 0;
  if (tagged) spawnSync('docker', ['tag', image, HELPER]);
  process.once('exit', () => tagged && spawnSync('docker', ['rmi', HELPER]));
  const project = join(folder, 'peer');
  mkdirSync(project);
  const job = { run: { image: { name: image, entrypoint: [''] }, script: [script] } };
  writeFileSync(join(project, '.gitlab-ci.yml'), JSON.stringify(job));
  const git = (...args: string[]) =>
    spawnSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], { cwd: project });
  git('init', '--quiet');
  git('remote', 'add', 'origin', 'https://gitlab.example.org/acme/bench.git');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'bench');
  return {
    argv: [join(folder, 'node_modules/.bin/gitlab-ci-local'), '--pull-policy', 'if-not-present', 'run'],
    cwd: project,
  };
}
