/** The `.netrc` that a run's scripts find (SPEC 3): one keyword and its value a line. */
import { RunFailure } from './ports.js';

export interface NetrcInput {
  runUrl: string;
  /** The server's host, where it is not that of `runUrl`. */
  machine?: string | undefined;
  apiKey: string;
  secrets: Readonly<Record<string, string>>;
  /** The script-repo's `clone-url`; where a gitlab token may be for. */
  scriptRepoUrl?: string;
}

/** `host[:port]` of a URL, userinfo included, as it is written there; `''` where there is none. */
function urlHost(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
}

/** @throws RunFailure(setup) for a token whose user is not among the secrets */
export function netrc(input: NetrcInput): string {
  const { secrets } = input;
  const user = (name: string, token: string): string => {
    const value = secrets[name];
    if (value === undefined) {
      throw new RunFailure('setup', `The secret "${token}" needs the secret "${name}", which the run does not have.`);
    }
    return value;
  };

  let text = entry(input.machine ?? urlHost(input.runUrl), 'jobserv', input.apiKey);
  if (secrets['githubtok']) text += entry('github.com', secrets['githubtok']);
  const gitlab = secrets['gitlabtok'];
  if (gitlab) {
    const host = input.scriptRepoUrl === undefined ? 'github.com' : urlHost(input.scriptRepoUrl);
    if (host !== 'github.com') text += entry(host, user('gitlabuser', 'gitlabtok'), gitlab);
    text += entry('gitlab.com', user('gitlabuser', 'gitlabtok'), gitlab);
  }
  const bitbucket = secrets['bitbuckettok'];
  if (bitbucket) text += entry('bitbucket.org', user('bitbucketuser', 'bitbuckettok'), bitbucket);
  const qpm = secrets['qpmtok'];
  if (qpm) {
    text += entry('qpm-git.qualcomm.com', user('qpmuser', 'qpmtok'), qpm);
    text += entry('chipmaster2.qti.qualcomm.com', user('qpmuser', 'qpmtok'), qpm);
  }
  for (const [name, value] of Object.entries(secrets)) {
    if (name.startsWith('netrc-')) text += `${strip(value)}\n`;
  }
  return text;
}

function entry(machine: string, login: string, password?: string): string {
  const lines = [`machine ${machine}`, `login ${login}`];
  if (password !== undefined) lines.push(`password ${password}`);
  return `${lines.join('\n')}\n`;
}

/** Python's `strip`: JavaScript's `trim` counts other characters as white space. */
function strip(text: string): string {
  const space = '[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
  return text.replace(new RegExp(`^${space}`), '').replace(new RegExp(`${space}$`), '');
}
