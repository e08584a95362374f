import { describe, expect, it } from 'vitest';
import { netrc } from '../../../src/executor/index.js';

const base = { runUrl: 'https://ci.example.org:8080/projects/p/builds/1/runs/r/', apiKey: 'k' };
const own = 'machine ci.example.org:8080\nlogin jobserv\npassword k\n';

describe('.netrc', () => {
  it.each<[string, Record<string, string>, string | undefined, string]>([
    ['the server of the run comes first', {}, undefined, ''],
    ['github: the token as login, no password', { githubtok: 't' }, undefined, 'machine github.com\nlogin t\n'],
    ['gitlab: gitlab.com', { gitlabtok: 't', gitlabuser: 'u' }, undefined, 'machine gitlab.com\nlogin u\npassword t\n'],
    [
      'gitlab: the host of the script-repo before it',
      { gitlabtok: 't', gitlabuser: 'u' },
      'https://git.example.org:8443/a/b.git',
      'machine git.example.org:8443\nlogin u\npassword t\nmachine gitlab.com\nlogin u\npassword t\n',
    ],
    [
      'gitlab: not for a script-repo on github',
      { gitlabtok: 't', gitlabuser: 'u' },
      'https://github.com/a/b.git',
      'machine gitlab.com\nlogin u\npassword t\n',
    ],
    ['bitbucket', { bitbuckettok: 't', bitbucketuser: 'u' }, undefined, 'machine bitbucket.org\nlogin u\npassword t\n'],
    [
      'qpm: two hosts',
      { qpmtok: 't', qpmuser: 'u' },
      undefined,
      'machine qpm-git.qualcomm.com\nlogin u\npassword t\nmachine chipmaster2.qti.qualcomm.com\nlogin u\npassword t\n',
    ],
    ['netrc-*: verbatim, trimmed', { 'netrc-x': '\n machine a\nlogin b \n\n' }, undefined, 'machine a\nlogin b\n'],
    ['an empty token is none', { githubtok: '', gitlabtok: '' }, undefined, ''],
  ])('%s', (_, secrets, scriptRepoUrl, expected) => {
    expect(netrc({ ...base, secrets, ...(scriptRepoUrl === undefined ? {} : { scriptRepoUrl }) })).toBe(own + expected);
  });

  it('says which secret is missing beside a token', () => {
    expect(() => netrc({ ...base, secrets: { bitbuckettok: 't' } })).toThrow(/"bitbucketuser"/);
  });
});
