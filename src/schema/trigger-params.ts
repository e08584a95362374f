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
