/** Phase 3: everything that is mounted into the container, and the container itself as data. */
import { existsSync } from 'node:fs';
import { lstat, rm, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { writeFresh } from '../lib/index.js';
import { GIT_TRIGGER_TYPES, type RunDefinition } from '../schema/index.js';
import { containerEnv, containerSpec, volumeMount } from './container-spec.js';
import { netrc } from './netrc.js';
import { type ContainerSpec, type Log, type Mount, RunFailure, type RunPorts } from './ports.js';
import { makeVisibleFolder, type Workspace } from './workspace.js';

/** What every step of the phase works on. */
interface Preparation {
  run: RunDefinition;
  workspace: Workspace;
  ports: Pick<RunPorts, 'engine' | 'host' | 'source'>;
  log: Log;
  signal: AbortSignal;
}

/**
 * Fills the workspace and says which container is to run. May be called again on the same
 * workspace, after a reboot: archive and repository stay, the rest is written anew.
 *
 * @param rebootScript the script to run after a reboot, instead of the rundef's
 */
export async function prepare(
  run: RunDefinition,
  workspace: Workspace,
  ports: Pick<RunPorts, 'engine' | 'host' | 'source'>,
  log: Log,
  signal: AbortSignal,
  rebootScript?: string,
): Promise<ContainerSpec> {
  const preparation: Preparation = { run, workspace, ports, log, signal };
  checkSecrets(run);
  await log.heading('Preparing secrets and volumes');
  await prepareSecrets(preparation);
  const volumes = await prepareVolumes(run, ports, log);
  await prepareNetrc(preparation);
  await makeVisibleFolder(workspace.archive);

  await log.heading('Preparing the script');
  const command = await prepareScript(preparation, rebootScript);
  await prepareRepository(preparation);

  await log.heading('Setting up the environment of the container');
  for (const variable of containerEnv(run.env)) await log.info(variable);
  const spec = await containerOf(run, workspace, ports, command, volumes);
  checkSources(spec.mounts);
  return spec;
}

/** The container as data; it touches nothing, so that it can be shown without a run. */
export async function containerOf(
  run: RunDefinition,
  workspace: Workspace,
  { engine, host }: { engine: Pick<RunPorts['engine'], 'address'>; host: RunPorts['host'] },
  command: string,
  volumes: readonly Mount[],
): Promise<ContainerSpec> {
  const repository = GIT_TRIGGER_TYPES.has(run.trigger_type);
  const mounts: Mount[] = [
    { source: workspace.secrets, target: '/secrets', readOnly: false },
    ...volumes,
    { source: workspace.netrc, target: '/root/.netrc', readOnly: false },
    { source: workspace.curlrc, target: '/root/.curlrc', readOnly: false },
    { source: workspace.archive, target: '/archive', readOnly: false },
    { source: workspace.scriptRepo, target: '/script-repo', readOnly: false },
    ...(repository ? [{ source: workspace.repo, target: '/repo', readOnly: false }] : []),
  ];
  const { memoryBytes } = host;
  return containerSpec(run, {
    command,
    workingDir: repository ? '/repo' : '/',
    env: [...containerEnv(run.env), ...(await host.proxies(engine.address))],
    mounts,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
}

async function prepareSecrets({ run, workspace, ports, log }: Preparation): Promise<void> {
  await makeVisibleFolder(workspace.secrets);
  const dockerConfig = await ports.host.dockerConfig();
  if (dockerConfig !== undefined) {
    await log.info('Secret docker_host_config.json: the host has a docker client configuration');
    await writeFresh(join(workspace.secrets, 'docker_host_config.json'), dockerConfig, 0o644);
  }
  for (const [name, value] of Object.entries(run.secrets ?? {})) {
    await log.info(`Secret ${name}`);
    await writeFresh(join(workspace.secrets, name), value, 0o644);
  }
}

/** The longest file name of common file systems, bytes. */
const LONGEST_NAME = 255;

function checkSecrets(run: RunDefinition): void {
  for (const [name, value] of Object.entries(run.secrets ?? {})) {
    const shown = JSON.stringify(name);
    if (/^\.{0,2}$|[/\0]/.test(name)) {
      throw new RunFailure('setup', `A secret cannot be named ${shown}: it is to be a file below /secrets.`);
    }
    if (Buffer.byteLength(name) > LONGEST_NAME) {
      const message = `A secret has a name of ${Buffer.byteLength(name)} bytes: as a file below /secrets it can have ${LONGEST_NAME}.`;
      throw new RunFailure('setup', `${message} It begins with ${JSON.stringify(name.slice(0, 40))}.`);
    }
    if (!`${name}${value}`.isWellFormed()) {
      throw new RunFailure('setup', `The secret ${shown} is no valid Unicode text: it cannot be written as UTF-8.`);
    }
  }
}

/** Asks the host for each folder that is mounted as a volume. */
export async function prepareVolumes(run: RunDefinition, ports: Pick<RunPorts, 'host'>, log: Log): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [name, path] of Object.entries(run['persistent-volumes'] ?? {})) {
    await log.info(`Persistent volume ${name} at ${path}`);
    mounts.push(volumeMount(await ports.host.persistentVolume(run.project, name), path, false));
  }
  // A worker keeps them by their folder on the host: of two names for one folder the later is mounted.
  const shared = new Map<string, Mount>();
  for (const [name, path] of Object.entries(run['shared-volumes'] ?? {})) {
    await log.info(`Shared volume ${name} at ${path}`);
    const folder = await ports.host.sharedVolume(name);
    shared.set(folder, volumeMount(folder, path, true));
  }
  const { certificates } = ports.host;
  if (certificates !== undefined) {
    await log.info(`Certificates of this host at ${certificates}`);
    shared.set(certificates, { source: certificates, target: certificates, readOnly: true });
  }
  return [...mounts, ...shared.values()];
}

async function prepareNetrc({ run, workspace, ports }: Preparation): Promise<void> {
  const scriptRepoUrl = run['script-repo']?.['clone-url'];
  const text = netrc({
    runUrl: run.run_url,
    machine: ports.host.netrcMachine,
    apiKey: run.api_key,
    secrets: run.secrets ?? {},
    ...(scriptRepoUrl === undefined ? {} : { scriptRepoUrl }),
  });
  await writeFresh(workspace.netrc, text, 0o644);
  await writeFresh(workspace.curlrc, '--netrcfile /root/.netrc', 0o644);
}

/** Clones the repository of a git trigger type. */
async function prepareRepository({ run, workspace, ports, log, signal }: Preparation): Promise<void> {
  if (!GIT_TRIGGER_TYPES.has(run.trigger_type)) return;
  await log.heading('Preparing the repository');
  if (existsSync(workspace.repo)) {
    await log.info('Continuing with the repository as the script left it');
    return;
  }
  const { root: home, repo: directory } = workspace;
  try {
    await ports.source.checkout({ directory, home, env: run.env, secrets: run.secrets ?? {}, log, signal });
  } catch (error) {
    // An incomplete clone must not look like a repository when this phase is repeated.
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function checkSources(mounts: Mount[]): void {
  for (const { source, target } of mounts) {
    if (!existsSync(source)) {
      throw new RunFailure('setup', `${target} cannot be mounted: ${source} is not there on this host.`);
    }
  }
}

/** @returns the script's path inside the container */
async function prepareScript(preparation: Preparation, rebootScript: string | undefined): Promise<string> {
  const { run, workspace } = preparation;
  const repository = run['script-repo'];
  if (rebootScript === undefined && repository !== undefined) return cloneScripts(preparation, repository);
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
  { run, workspace, ports, log, signal }: Preparation,
  repository: NonNullable<RunDefinition['script-repo']>,
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
    throw new RunFailure(
      'setup',
      `"${path}" in the script-repo ${cloneUrl} is a folder, not a script. Name a file in its path.`,
    );
  }
}
