/** The status of a commit at GitHub and GitLab (SPEC 5). */
import type { Call } from './call.js';
import type { HttpClient } from './http.js';
import { ServerFailure } from './server-failure.js';

export interface ForgeStatus {
  /** GitHub: `pending`, `success`, `failure`; GitLab: `running`, `success`, `failed`. */
  state: string;
  /** Which of the commit's statuses: the run's name. */
  context: string;
  description: string;
  targetUrl: string;
}

/** @throws ServerFailure when it could not be set */
export async function setGithubStatus(
  http: HttpClient,
  url: string,
  token: string,
  status: ForgeStatus,
): Promise<void> {
  await http.send(call(url, status, { authorization: `token ${token}` }));
}

/** One that GitLab finds running already is no failure. */
export async function setGitlabStatus(
  http: HttpClient,
  url: string,
  token: string,
  status: ForgeStatus,
): Promise<void> {
  try {
    await http.send(call(url, status, { 'private-token': token }));
  } catch (error) {
    const running =
      error instanceof ServerFailure && /Cannot transition status via :run from :running/.test(error.said ?? '');
    if (!running) throw error;
  }
}

function call(
  url: string,
  { state, context, description, targetUrl }: ForgeStatus,
  headers: Record<string, string>,
): Call {
  return {
    method: 'POST',
    url,
    what: `set the status ${state} of the commit`,
    body: JSON.stringify({ context, description, target_url: targetUrl, state }),
    headers: { 'content-type': 'application/json', ...headers },
    expect: [200, 201],
    accept: 'any',
    // Setting what is set changes nothing.
    repeatable: true,
  };
}
