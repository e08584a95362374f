/** The script that the container starts: the rundef's text, a file of a cloned repository, or what goes on after a reboot. */
import { lstat, rm, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { writeFresh } from '../lib/private-file.js';
import type { RunDefinition } from '../schema/model.js';
import { type Log, RunFailure, type RunPorts } from './ports.js';
import { makeVisibleFolder, type Workspace } from './workspace.js';

/** @returns the script's path inside the container */
export async function prepareScript(
  run: RunDefinition,
  workspace: Workspace,
  ports: Pick<RunPorts, 'source'>,
  log: Log,
  signal: AbortSignal,
  rebootScript?: string,
): Promise<string> {
  const repository = run['script-repo'];
  if (rebootScript === undefined && repository !== undefined) {
    return cloneScripts(repository, run, workspace, ports, log, signal);
  }
  const text = rebootScript ?? run.script;
  if (text === undefined)
    throw new RunFailure('setup', 'The run has neither a script nor a script-repo: there is nothing to start.');
  if (!text.isWellFormed())
    throw new RunFailure('setup', 'The script is no valid Unicode text: it cannot be written as UTF-8.');
  await makeVisibleFolder(workspace.scriptRepo);
  await writeFresh(join(workspace.scriptRepo, 'do_run'), text, 0o555);
  return '/script-repo/do_run';
}

async function cloneScripts(
  repository: NonNullable<RunDefinition['script-repo']>,
  run: RunDefinition,
  workspace: Workspace,
  ports: Pick<RunPorts, 'source'>,
  log: Log,
  signal: AbortSignal,
): Promise<string> {
  const { 'clone-url': cloneUrl, 'git-ref': gitRef, token, path } = repository;
  await log.info(`Repository of the script: ${cloneUrl}`);
  await rm(workspace.scriptRepo, { recursive: true, force: true });
  const { sha } = await ports.source.checkoutScripts({
    directory: workspace.scriptRepo,
    home: workspace.root,
    cloneUrl,
    ...(gitRef ? { gitRef } : {}),
    ...(token ? { token } : {}),
    secrets: run.secrets ?? {},
    log,
    signal,
  });
  await log.info(`Its commit: ${sha}`);
  const record = [`REPO: ${cloneUrl}`, ...(gitRef ? [`REF: ${gitRef}`] : []), `SHA: ${sha}`];
  await writeFresh(join(workspace.archive, 'script_repo.log'), `${record.join('\n')}\n`, 0o644);
  await checkScriptPath(workspace.scriptRepo, path, cloneUrl);
  return `/script-repo/${path}`;
}

/** A path that leaves the repository is not in it; a link that does is the container's business. */
async function checkScriptPath(root: string, path: string, cloneUrl: string): Promise<void> {
  const inside = normalize(`./${path}`);
  const missing = new RunFailure(
    'setup',
    `The script-repo ${cloneUrl} holds no "${path}": look at the path and the git-ref.`,
  );
  if (path === '' || path.includes('\0') || inside === '..' || inside.startsWith('../')) throw missing;
  const place = join(root, inside);
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined) throw missing;
  if (found.isSymbolicLink() || found.isFile()) return;
  if ((await stat(place)).isDirectory()) {
    throw new RunFailure('setup', `"${path}" in the script-repo ${cloneUrl} is a folder, not a script.`);
  }
}
