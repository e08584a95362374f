/** What a simulation needs of this machine: what works, and how to repair what does not. */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { connectEngine, type DockerEngine, loadDockerConfig } from '../../docker/index.js';
import { RunFailure } from '../../executor/index.js';
import { gitTools, repositoryInfo } from '../../git/index.js';
import { EnvironmentError, findProgram, makeFolder, systemWords } from '../../lib/index.js';
import { readServers, serversFile } from '../inputs/server-access.js';
import { cacheFolder } from '../workspace/workspace-names.js';
import { type Check, containerChecks } from './container-checks.js';

export interface DoctorRequest {
  /** The definition's: the repository that it lies in is looked at. */
  folder: string;
  /** Images of the definition at hand; each one's registry is asked for it. */
  images: readonly string[];
  /** Whether a container is started, too. */
  deep?: boolean;
  signal: AbortSignal;
}

/** Checks as they are done, in a fixed order. A check that fails is a result: nothing is thrown. */
export async function* diagnose({ folder, images, deep = false, signal }: DoctorRequest): AsyncGenerator<Check> {
  yield nodeCheck();
  const engine = await connectEngine({ logDriver: 'none' }).catch(asError);
  yield engine instanceof Error ? broken('engine', engine) : await engineCheck(engine, deep);
  yield* await dockerConfigChecks().catch((error) => [broken('docker config', error)]);
  yield await serversCheck().catch((error) => broken('servers', error));
  const git = await gitCheck(signal);
  yield git;
  if (git.state !== 'broken')
    yield* await repositoryChecks(folder, signal).catch((error) => [broken('repository', error)]);
  yield await cacheCheck();
  if (!(engine instanceof Error)) {
    for (const image of new Set(images)) yield await imageCheck(engine, image);
    if (deep) yield* containerChecks(engine, images, signal);
  }
}

const OLDEST_NODE = 20;

function nodeCheck(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  const found = `Node.js ${process.versions.node} on ${process.platform} ${process.arch}`;
  if (major >= OLDEST_NODE) return { name: 'node', state: 'works', found };
  return { name: 'node', state: 'broken', found, repair: `Install Node.js ${OLDEST_NODE} or newer.` };
}

/** @param deep whether a later check reports if the engine sees this machine's files */
async function engineCheck(engine: DockerEngine, deep: boolean): Promise<Check> {
  const version = await engine.version().catch(asError);
  if (version instanceof Error) return broken('engine', version);
  const found = `${version.name} ${version.version}, ${version.os}/${version.architecture}, at ${engine.address}`;
  if (version.os !== 'linux') {
    return { name: 'engine', state: 'broken', found, repair: 'Switch the engine to Linux containers.' };
  }
  if (deep || engine.address.startsWith('unix:')) return { name: 'engine', state: 'works', found };
  const repair = "If it runs on another machine, this machine's files are copied to it and back: see doctor --deep.";
  return { name: 'engine', state: 'note', found, repair };
}

async function dockerConfigChecks(): Promise<Check[]> {
  const { path, config, text, problem } = await loadDockerConfig();
  const name = 'docker config';
  const checks: Check[] = [
    problem === undefined
      ? { name, state: 'works', found: text === undefined ? 'none; images are pulled anonymously' : path }
      : { name, state: 'note', found: problem, repair: 'Correct the file; private images are pulled without it.' },
  ];
  const helpers = new Set([config.credsStore, ...Object.values(config.credHelpers)]);
  for (const helper of helpers) {
    if (!helper || findProgram(`docker-credential-${helper}`) !== undefined) continue;
    const found = `docker-credential-${helper}, which ${path} names, is not on PATH`;
    checks.push({
      name: 'credential helper',
      state: 'broken',
      found,
      repair: `Install it, or remove it from ${path}.`,
    });
  }
  return checks;
}

/** Where the credentials for servers come from, without their values. */
async function serversCheck(): Promise<Check> {
  const path = serversFile();
  const servers = await readServers(path);
  const variables = ['JOBSERV_TOKEN', 'JOBSERV_HEADER'].filter((name) => process.env[name]);
  const sources = [
    ...(servers.length === 0 ? [] : [`${servers.map(({ server }) => server).join(', ')} from ${path}`]),
    ...(variables.length === 0 ? [] : [`any server from ${variables.join(' and ')} in the environment`]),
  ];
  const found =
    sources.length === 0 ? `no credentials (${path}, JOBSERV_TOKEN)` : `credentials for ${sources.join('; ')}`;
  return { name: 'servers', state: 'works', found };
}

/** git of 2.31 knows all options that a checkout is made with. */
const OLDEST_GIT = [2, 31];

async function gitCheck(signal: AbortSignal): Promise<Check> {
  const tools = await gitTools(signal).catch(asError);
  if (tools instanceof Error) return broken('git', tools);
  const found = `git ${tools.version}, ${tools.lfs ? 'with' : 'without'} LFS`;
  const [major = 0, minor = 0] = tools.version.split('.').map(Number);
  if (major < (OLDEST_GIT[0] ?? 0) || (major === OLDEST_GIT[0] && minor < (OLDEST_GIT[1] ?? 0))) {
    return { name: 'git', state: 'broken', found, repair: `Install git ${OLDEST_GIT.join('.')} or newer.` };
  }
  if (tools.lfs) return { name: 'git', state: 'works', found };
  return { name: 'git', state: 'note', found, repair: 'Install git-lfs if a repository keeps files with it.' };
}

/** None where the folder lies in no repository. */
async function repositoryChecks(folder: string, signal: AbortSignal): Promise<Check[]> {
  const repository = await repositoryInfo(folder, signal);
  if (repository === undefined) return [];
  const { toplevel, branch, headSha } = repository;
  const where = branch === undefined ? 'no branch' : `branch ${branch}`;
  const found = `${toplevel}, ${where}, ${headSha === undefined ? 'no commit yet' : `commit ${headSha}`}`;
  return [{ name: 'repository', state: 'works', found }];
}

/** Less free space than this is reported, bytes. */
const LITTLE_SPACE = 1e9;

async function cacheCheck(): Promise<Check> {
  const name = 'workspaces';
  let cache = 'The cache folder';
  try {
    cache = cacheFolder();
    await makeFolder(cache);
    await access(cache, constants.W_OK);
    const { bavail, bsize } = await statfs(cache);
    const free = bavail * bsize;
    const found = `${cache}, ${(free / 1e9).toFixed(1)} GB free`;
    if (free >= LITTLE_SPACE) return { name, state: 'works', found };
    return { name, state: 'note', found, repair: 'Free some space; `jobserv prune` removes what earlier runs left.' };
  } catch (error) {
    const found =
      error instanceof EnvironmentError ? error.message : `${cache} cannot be written: ${systemWords(error)}`;
    return { name, state: 'broken', found, repair: 'Set XDG_CACHE_HOME to a folder that this user can write.' };
  }
}

async function imageCheck(engine: DockerEngine, image: string): Promise<Check> {
  const name = `image ${image}`;
  const local = await engine.inspectImage(image).catch(asError);
  const here = !(local instanceof Error) && local !== undefined;
  const answer = await engine.askRegistry(image).catch(asError);
  if (answer instanceof Error) {
    const check = broken(name, answer);
    return here ? { ...check, state: 'note', found: `on this machine. ${check.found}` } : check;
  }
  if (answer === undefined) {
    const found = here ? 'on this machine' : 'not on this machine, and this engine cannot ask its registry';
    return { name, state: 'note', found };
  }
  const how = answer.authenticated ? ', with your credentials' : '';
  const found = `${here ? 'on this machine, and ' : ''}${answer.registry} has it${how}: ${answer.digest}`;
  return { name, state: 'works', found };
}

function broken(name: string, error: Error): Check {
  const { finding = error.message, advice } = error instanceof RunFailure ? error : {};
  return { name, state: 'broken', found: finding, ...(advice === undefined ? {} : { repair: advice }) };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
