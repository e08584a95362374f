/** What the server and the worker add to a rundef on its way (SPEC 2), as far as there is neither. */
import type { RunDefinition, StringMap } from '../../schema/index.js';
import { NOWHERE } from './trigger-params.js';

/** The worker's name in a simulation. */
const WORKER = 'simulator';
/** Stands where a real run has the key that the server takes. */
export const NO_KEY = 'simulated';

/** What a server leaves out, or writes as null, when there is nothing. */
const NOTHING = {
  'container-auth': null,
  privileged: false,
  'cap-add': null,
  'cap-drop': null,
  'container-user': null,
  'container-entrypoint': null,
  'test-grepping': null,
  'persistent-volumes': null,
  'shared-volumes': null,
  'host-tag': '',
  'console-progress': null,
};

/** A rundef of which everything may be missing that a simulation can do without. */
export type PartialRunDefinition = Pick<RunDefinition, 'project' | 'timeout' | 'trigger_type' | 'container'> &
  Partial<RunDefinition>;

/**
 * The rundef as a worker hands it to a run, and the values in it that are made up here
 * unless the rundef had real ones.
 */
export function completeRunDefinition(rundef: PartialRunDefinition): { rundef: RunDefinition; madeUp: StringMap } {
  const env: StringMap = Object.assign(Object.create(null), rundef.env);
  const madeUp: StringMap = Object.create(null);
  env['H_PROJECT'] ??= rundef.project;
  env['H_BUILD'] ??= '1';
  env['H_RUN'] ??= 'simulated';
  const url = rundef.run_url || runUrl(rundef.project, env['H_BUILD'], env['H_RUN']);
  for (const [name, address] of [['H_RUN_URL', url] as const, ['H_TRIGGER_URL', env['H_TRIGGER_URL']] as const]) {
    if (address?.startsWith(NOWHERE)) madeUp[name] = 'an address where no server answers';
  }
  if (!rundef.api_key || rundef.api_key === NO_KEY) madeUp['.netrc'] = 'without a key that the server would take';
  env['H_RUN_URL'] = url;
  env['H_WORKER'] = WORKER;
  madeUp['H_WORKER'] = `"${WORKER}", not the name of a worker`;
  const complete = {
    ...NOTHING,
    ...rundef,
    privileged: rundef.privileged ?? false,
    'host-tag': rundef['host-tag'] ?? '',
    api_key: rundef.api_key || NO_KEY,
    run_url: url,
    frontend_url: rundef.frontend_url || url,
    runner_url: rundef.runner_url || `${NOWHERE}/runner`,
    env,
    secrets: rundef.secrets ?? Object.create(null),
    simulator: true,
  };
  return { rundef: complete, madeUp };
}

/** A project's name may have slashes, as in the server's own addresses. */
function runUrl(project: string, build: string, run: string): string {
  const path = (name: string) =>
    name
      .split('/')
      .map((word) => encodeURIComponent(word.toWellFormed()))
      .join('/');
  return `${NOWHERE}/projects/${path(project)}/builds/${path(build)}/runs/${path(run)}/`;
}
