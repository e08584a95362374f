/** What a secret is for, so that whoever is asked for it knows which one is meant (SPEC 3). */

/** Secrets that a run's .netrc, and its git, look for by their names. */
const HOSTS: Record<string, string> = {
  githubtok: 'github.com',
  gitlabtok: 'gitlab.com, or the GitLab of the script-repo',
  gitlabuser: 'gitlab.com, or the GitLab of the script-repo',
  bitbuckettok: 'bitbucket.org',
  bitbucketuser: 'bitbucket.org',
  qpmtok: 'qpm-git.qualcomm.com',
  qpmuser: 'qpm-git.qualcomm.com',
};

/** The login at a host, when a secret's name says so; after "for". */
export function hostPurpose(name: string): string | undefined {
  if (name.startsWith('netrc-')) return 'an entry of .netrc, whole';
  const host = Object.hasOwn(HOSTS, name) ? HOSTS[name] : undefined;
  return host && `the ${name.endsWith('user') ? 'user' : 'token'} at ${host}`;
}

/** Whether a script names the file that a secret becomes. */
export function isReadBy(script: string | undefined, name: string): boolean {
  const file = `/secrets/${name}`;
  for (let at = script?.indexOf(file) ?? -1; script !== undefined && at >= 0; at = script.indexOf(file, at + 1)) {
    if (!/[A-Za-z0-9_.-]/.test(script[at + file.length] ?? '')) return true;
  }
  return false;
}
