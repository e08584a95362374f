/** Sets the status of a pull or merge request at its forge. */
import type { Reporter, RunStatus } from '../../executor/index.js';
import type { RunDefinition } from '../../schema/index.js';
import { type HttpClient, setGithubStatus, setGitlabStatus } from '../../server/index.js';

export interface Forge {
  /** The forge's names of the statuses; others are not reported. */
  states: Readonly<Partial<Record<RunStatus, string>>>;
  set(state: string): Promise<void>;
}

const GITHUB = { RUNNING: 'pending', UPLOADING: 'pending', PASSED: 'success', FAILED: 'failure' };
const GITLAB = { RUNNING: 'running', PASSED: 'success', FAILED: 'failed' };

/**
 * @returns the forge of a run, if it has one; a text when what its forge needs is missing, which is why the run fails
 */
export function forgeOf(run: RunDefinition, http: HttpClient): Forge | string | undefined {
  const secrets = run.secrets ?? {};
  const { env } = run;
  const status = (state: string) => ({
    state,
    context: env['H_RUN'] ?? '',
    description: `Build ${env['H_BUILD'] ?? ''}`,
    targetUrl: run.frontend_url,
  });
  if (run.trigger_type === 'github_pr') {
    const { githubtok: token } = secrets;
    const { GH_STATUS_URL: url } = env;
    if (!token) return 'The run has no secret githubtok: the status of its pull request cannot be set.';
    if (!url) return 'The run has no parameter GH_STATUS_URL: the status of its pull request cannot be set.';
    return { states: GITHUB, set: (state) => setGithubStatus(http, url, token, status(state)) };
  }
  if (run.trigger_type === 'gitlab_mr') {
    const { gitlabtok: token, gitlabuser = env['gitlabuser'] } = secrets;
    const { GL_STATUS_URL: url } = env;
    if (!token || !gitlabuser) {
      return 'The run lacks the secrets gitlabtok and gitlabuser: the status of its merge request cannot be set.';
    }
    if (!url) return 'The run has no parameter GL_STATUS_URL: the status of its merge request cannot be set.';
    return { states: GITLAB, set: (state) => setGitlabStatus(http, url, token, status(state)) };
  }
  return undefined;
}

/** @param onFailure called when the forge does not accept a status; the run continues */
export function withForge(reporter: Reporter, forge: Forge, onFailure: (error: Error) => void): Reporter {
  let reported: string | undefined;
  return {
    write: (bytes, position) => reporter.write(bytes, position),
    test: (test) => reporter.test(test),
    get cancelled() {
      return reporter.cancelled;
    },
    ...(reporter.kept === undefined ? {} : { kept: reporter.kept }),
    status: async (status) => {
      await reporter.status(status);
      const state = forge.states[status];
      if (state === undefined || state === reported) return;
      reported = state;
      await forge.set(state).catch(onFailure);
    },
  };
}
