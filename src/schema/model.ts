/**
 * The words of JobServ as types: a project definition as its author wrote it and a
 * run definition (rundef) as a worker gets it. Field names are the wire's own.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const TRIGGER_TYPES = ['git_poller', 'github_pr', 'gitlab_mr', 'simple'] as const;
export type TriggerType = (typeof TRIGGER_TYPES)[number];

/** The trigger types whose runs get a clone of `GIT_URL` at `/repo`. */
export const GIT_TRIGGER_TYPES: ReadonlySet<string> = new Set(['git_poller', 'github_pr', 'gitlab_mr']);

/** String-keyed data that came from a file: always a null-prototype object, so `__proto__` is a key like any other. */
export type StringMap = Record<string, string>;

export interface Email {
  users: string;
  only_failures?: boolean;
}

export interface Webhook {
  url: string;
  secret_name: string;
  only_failures?: boolean;
}

export interface ScriptRepo {
  'clone-url': string;
  'git-ref'?: string;
  /** `name` or `user:token`, each the name of a secret. */
  token?: string;
}

/** What a run (or a whole build) starts when it has passed. */
export interface TriggerReference {
  name: string;
  'run-names'?: string;
}

export interface TestGrepping {
  'test-pattern'?: string;
  'result-pattern': string;
  fixupdict?: StringMap;
}

export interface ConsoleProgress {
  'progress-pattern': string;
}

export interface Run {
  name: string;
  container: string;
  'host-tag'?: string;
  script?: string;
  'script-repo'?: { name: string; path: string };
  'loop-on'?: { param: string; values: string[] }[];
  params?: StringMap;
  'container-auth'?: string;
  'container-user'?: string;
  'container-entrypoint'?: string;
  privileged?: boolean;
  'cap-add'?: string[];
  'cap-drop'?: string[];
  'persistent-volumes'?: StringMap;
  'shared-volumes'?: StringMap;
  'console-progress'?: ConsoleProgress;
  'test-grepping'?: TestGrepping;
  triggers?: TriggerReference[];
}

export interface Trigger {
  name: string;
  type: TriggerType;
  params?: StringMap;
  runs: Run[];
  triggers?: TriggerReference[];
  email?: Email;
  webhooks?: Webhook[];
}

export interface Definition {
  description?: string;
  timeout: number;
  params?: StringMap;
  email?: Email;
  webhooks?: Webhook[];
  scripts?: StringMap;
  'script-repos'?: Record<string, ScriptRepo>;
  triggers: Trigger[];
}

/** One run, complete: all that a worker needs, as the server writes it (SPEC 2). */
export interface RunDefinition {
  project: string;
  /** Minutes. */
  timeout: number;
  api_key: string;
  run_url: string;
  frontend_url: string;
  runner_url: string;
  trigger_type: TriggerType;
  container: string;
  'container-auth': string | null;
  privileged: boolean;
  'cap-add': string[] | null;
  'cap-drop': string[] | null;
  'container-user': string | null;
  /** `null` keeps the image's own, `""` clears it (and the image's CMD). */
  'container-entrypoint': string | null;
  env: StringMap;
  secrets: StringMap | null;
  'test-grepping': TestGrepping | null;
  'persistent-volumes': StringMap | null;
  'shared-volumes': StringMap | null;
  'host-tag': string;
  'console-progress': ConsoleProgress | null;
  script?: string;
  'script-repo'?: ScriptRepo & { path: string };
  simulator?: boolean;
}

/** A test as the server records it: from junit, or grepped from the console. */
export interface Test {
  name: string;
  context: string | null;
  status: string;
  results: TestResult[];
}

export interface TestResult {
  name: string;
  context: string | null;
  status: string;
  output: string | null;
}

/** The statuses of runs, tests and results on a server; `BuildStatus` of the reference's models.py. */
export const SERVER_STATUSES = [
  'QUEUED',
  'RUNNING',
  'PASSED',
  'FAILED',
  'RUNNING_WITH_FAILURES',
  'UPLOADING',
  'PROMOTED',
  'SKIPPED',
  'CANCELLING',
] as const;
export type ServerStatus = (typeof SERVER_STATUSES)[number];

/** With one of these a run is over: the server accepts nothing more of it. */
export const COMPLETE_STATUSES: readonly string[] = ['PASSED', 'FAILED', 'PROMOTED', 'SKIPPED'];

/** The statuses that a result should have. */
export const RESULT_STATUSES: readonly string[] = ['PASSED', 'FAILED', 'SKIPPED'];

/** The server stores these for a result too: its test then never ends. */
export const UNFINISHED_STATUSES: readonly string[] = SERVER_STATUSES.filter((one) => !RESULT_STATUSES.includes(one));

/** What each type of trigger passes to its runs as params (git_poller.py `_get_repo_changes`; api/github.py and api/gitlab.py `_get_params`). */

const GIT = ['GIT_URL', 'GIT_SHA', 'GIT_OLD_SHA'];

/** By type; they go over whatever a definition says. */
export const PARAMS_OF_TRIGGER: Readonly<Record<string, readonly string[]>> = {
  git_poller: [...GIT, 'GIT_REF'],
  github_pr: [
    ...GIT,
    ...['GIT_SHA_BASE', 'GH_PRNUM', 'GH_OWNER', 'GH_REPO', 'GH_BRANCH', 'GH_STATUS_URL', 'GH_TARGET_REPO'],
  ],
  gitlab_mr: ['GIT_URL', 'GIT_SHA', 'GIT_SHA_BASE', 'GL_STATUS_URL', 'GL_TARGET_REPO', 'GL_MR', 'GL_MR_API'],
};
