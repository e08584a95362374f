/** What the server and the worker add to a rundef on its way (SPEC 2), as far as there is neither. */
import type { RunDefinition, StringMap } from '../schema/model.js';
import { NOWHERE } from './trigger-params.js';

export interface RunIdentity {
  project: string;
  build: string;
  run: string;
}

/** Who a simulation says it is to scripts that ask for their worker. */
const WORKER = 'simulator';

export function placeholderUrls({ project, build, run }: RunIdentity) {
  const runUrl = `${NOWHERE}/projects/${path(project)}/builds/${path(build)}/runs/${path(run)}/`;
  return { api_key: 'simulated', run_url: runUrl, frontend_url: runUrl, runner_url: `${NOWHERE}/runner` };
}

/** A project's name may have slashes, as in the server's own addresses. */
const path = (name: string) => name.split('/').map(encodeURIComponent).join('/');

/**
 * The rundef as a worker hands it to a run, and the values in it that are made up here
 * unless the rundef had real ones.
 */
export function completeRunDefinition(rundef: RunDefinition): { rundef: RunDefinition; madeUp: StringMap } {
  const env: StringMap = Object.assign(Object.create(null), rundef.env);
  const identity = {
    project: rundef.project ?? 'simulated',
    build: env['H_BUILD'] ?? '1',
    run: env['H_RUN'] ?? 'simulated',
  };
  const urls = placeholderUrls(identity);
  const madeUp: StringMap = Object.create(null);
  const url = rundef.run_url || urls.run_url;
  if (url === urls.run_url) {
    madeUp['H_RUN_URL'] = 'an address where no server answers';
  }
  if (!rundef.api_key || rundef.api_key === urls.api_key) {
    madeUp['.netrc'] = 'without a key that the server would take';
  }
  env['H_RUN_URL'] = url;
  env['H_WORKER'] = WORKER;
  madeUp['H_WORKER'] = `"${WORKER}", not the name of a worker`;
  const complete = {
    ...rundef,
    project: identity.project,
    api_key: rundef.api_key || urls.api_key,
    run_url: url,
    frontend_url: rundef.frontend_url || url,
    runner_url: rundef.runner_url || urls.runner_url,
    env,
    simulator: true,
  };
  return { rundef: complete, madeUp };
}
