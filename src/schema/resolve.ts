import { pythonStr } from '../python/index.js';
import type { Definition, Run, RunDefinition, ScriptRepo, StringMap, Trigger } from './model.js';

export interface RunRequest {
  definition: Definition;
  /** The trigger that holds the run. */
  trigger: Pick<Trigger, 'name' | 'type' | 'params'>;
  /** One of its expanded runs. */
  run: Run;
  /** What the run is called in this build, where `run-names` renames it. Default: its own name. */
  name?: string;
  project: string;
  build: number;
  /** What the trigger passes, or a person with `-p`. Values other than texts are converted by Python's `str`. */
  params: Readonly<Record<string, unknown>> | null;
  secrets: Readonly<Record<string, string>> | null;
  apiKey?: string;
  /** The server that the URLs are of, without a slash at the end. */
  server?: string;
}

/** For a run of no server; the name leads nowhere. */
const NO_SERVER = 'http://simulated';

/**
 * Builds the run definition that the server would write (SPEC 2).
 *
 * @returns the run definition, or why the server would make none: a sentence that names every missing secret
 */
export function buildRunDefinition(request: RunRequest): RunDefinition | { error: string } {
  const { definition, trigger, run, project, build, secrets } = request;
  const name = request.name ?? run.name;
  const script = scriptOf(definition, run);
  if (typeof script === 'string') return { error: `${subject(request)} ${script}` };
  const hostTag = run['host-tag'];
  if (typeof hostTag !== 'string') return { error: `${subject(request)} has no host-tag; give it one.` };
  const fault = secretsFault(run, script['script-repo'], secrets);
  if (fault !== undefined) return { error: `${subject(request)} ${fault}` };

  const server = request.server ?? NO_SERVER;
  const url = `${server}/projects/${urlPath(project)}/builds/${build}/runs/${urlPath(name)}/`;
  return {
    project,
    timeout: Number(definition.timeout),
    api_key: request.apiKey ?? 'simulated',
    run_url: url,
    frontend_url: url,
    runner_url: `${server}/runner`,
    trigger_type: trigger.type,
    container: run.container,
    'container-auth': run['container-auth'] ?? null,
    // Only a key that is not there counts as false: the server passes a null on.
    privileged: 'privileged' in run ? (run.privileged as boolean) : false,
    'cap-add': run['cap-add'] ?? null,
    'cap-drop': run['cap-drop'] ?? null,
    'container-user': run['container-user'] ?? null,
    'container-entrypoint': run['container-entrypoint'] ?? null,
    env: environment(request, name),
    secrets: secrets && Object.assign(Object.create(null), secrets),
    'test-grepping': run['test-grepping'] ?? null,
    'persistent-volumes': run['persistent-volumes'] ?? null,
    'shared-volumes': run['shared-volumes'] ?? null,
    // Python and JavaScript lower by the same tables of Unicode.
    'host-tag': hostTag.toLowerCase(),
    'console-progress': run['console-progress'] ?? null,
    ...script,
  };
}

type ScriptPart = Pick<RunDefinition, 'script' | 'script-repo'>;

/** What the run executes, or why that is unknown. A `script` counts even if it is empty. */
function scriptOf(definition: Definition, run: Run): ScriptPart | string {
  if ('script' in run) {
    const scripts = definition.scripts ?? {};
    const script = run.script;
    if (typeof script === 'string' && Object.hasOwn(scripts, script)) return { script: scripts[script] as string };
    return run['script-repo']
      ? 'has a `script-repo`, and a `script` that names nothing; remove the `script`.'
      : `names the script ${JSON.stringify(script)}, which is not there.`;
  }
  const { name = '', path = '' } = run['script-repo'] ?? {};
  const repositories = definition['script-repos'] ?? {};
  if (!Object.hasOwn(repositories, name)) return `names the script-repo ${JSON.stringify(name)}, which is not there.`;
  return { 'script-repo': Object.assign(Object.create(null), repositories[name], { path }) };
}

/** Which secrets the run needs and does not get. */
function secretsFault(
  run: Run,
  repository: ScriptRepo | undefined,
  secrets: RunRequest['secrets'],
): string | undefined {
  const auth = run['container-auth'];
  if (secrets === null && (repository || auth)) {
    return `needs secrets for its ${repository ? 'script-repo' : 'container'}, and none at all were given.`;
  }
  const missing: string[] = [];
  for (const name of new Set(repository?.token?.split(':') ?? [])) {
    // For a token an empty value is as good as none; for the container's credentials it is not.
    if (name !== '' && !own(secrets, name)) missing.push(`${JSON.stringify(name)} (token of the script-repo)`);
  }
  if (auth && own(secrets, auth) === undefined) missing.push(`${JSON.stringify(auth)} (container-auth)`);
  if (missing.length === 0) return undefined;
  const given = Object.keys(secrets ?? {}).join(', ') || 'none';
  return `needs secrets that were not given: ${missing.join(', ')}. Secrets given: ${given}.`;
}

function own(secrets: RunRequest['secrets'], name: string): string | undefined {
  return secrets !== null && Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}

/** Each later layer wins; what names the run itself cannot be changed by anyone. */
function environment({ definition, trigger, run, params, project, build }: RunRequest, name: string): StringMap {
  const env: StringMap = Object.create(null);
  for (const layer of [definition.params, trigger.params, run.params, params]) {
    for (const [key, value] of Object.entries(layer ?? {})) env[key] = pythonStr(value);
  }
  return Object.assign(env, { H_PROJECT: project, H_BUILD: String(build), H_RUN: name });
}

function subject({ trigger, run, name }: RunRequest): string {
  return `Run ${JSON.stringify(name ?? run.name)} of trigger ${JSON.stringify(trigger.name)}`;
}

/** Quotes as the server does: a name may hold what only a path segment may not. */
function urlPath(text: string): string {
  const whole = text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  return encodeURIComponent(whole).replaceAll(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent);
}
