import { describe, expect, it } from 'vitest';
import { matcherOf } from '../../../../src/lint/index.js';
import { definition, findings, summary } from './findings.js';

const TAGS = { hostTags: ['amd64', 'amd64-big', 'arm64'] };
const withTag = (tag: string) => definition().replace('host-tag: amd64', `host-tag: ${tag}`);

describe('unknown-host-tag', () => {
  it.each(['amd64', 'AMD64', 'amd64*', '"*"', 'a?m64', 'a[mr]*64', '""'])('%s is one that a worker has', (tag) => {
    expect(summary(withTag(tag), TAGS)).toEqual([]);
  });

  it.each(['amd', 'x86_64', 'amd64-?', 'a[!mr]*'])('%s is none', (tag) => {
    expect(summary(withTag(tag), TAGS)).toEqual([`unknown-host-tag 9:19 ${tag}`]);
  });

  it('in a loop it is the value', () => {
    const text = definition({ run: 'loop-on:\n  - param: host-tag\n    values: [amd64, amr64]' })
      .replace('name: build', 'name: b-{loop}')
      .replace(/ +host-tag: amd64\n/, '');
    expect(summary(text, TAGS)).toEqual(['unknown-host-tag 11:29 amr64']);
    expect(findings(text, undefined, TAGS)[0]?.help).toMatch(/^Did you mean `a[mr][dm]64`\?/);
  });

  it('says nothing without a list, and finds everything with an empty one', () => {
    expect(summary(withTag('mine'))).toEqual([]);
    expect(summary(withTag('mine'), { hostTags: [] })).toEqual(['unknown-host-tag 9:19 mine']);
  });
});

describe('unknown-secret', () => {
  const SECRETS = { secrets: ['registry', 'ci_user', 'ci_token'] };

  it.each([
    ['container-auth', definition({ run: 'container-auth: registri' }), 'unknown-secret 10:25 registri', 'fails'],
    [
      'a webhook',
      definition({ top: 'webhooks: [{ url: "https://x.example.org/", secret_name: hook }]' }),
      'unknown-secret 2:58 hook',
      'misbehaves',
    ],
    [
      'a token',
      `${definition()
        .replace('script: build', 'script-repo: { name: r, path: x }')
        .replace(/scripts:.*/s, '')}script-repos:
  r: { clone-url: "https://git.example.org/x.git", token: "ci_user:ci_tokn" }
`,
      'unknown-secret 11:68 ci_tokn',
      'fails',
    ],
    [
      'what a script reads',
      definition().replace(
        '    make\n',
        '    # /secrets/old\n    cat /secrets/registry /secrets/other.pem >x; cat /secrets/other.pem\n',
      ),
      'unknown-secret 14:36 other.pem',
      'misbehaves',
    ],
  ])('%s', (_, text, place, server) => {
    expect(summary(text, SECRETS)).toEqual([place]);
    expect(findings(text, undefined, SECRETS)).toMatchObject([{ server }]);
    expect(summary(text)).toEqual([]);
  });

  it('not what only a shell can tell, what the server adds, or a folder of another name', () => {
    const lines = ['"/secrets/$NAME"', '/secrets/x-$NAME', '/secrets/*', '/secrets/triggered-by', '/tmp/secrets/x'];
    const text = definition().replace('make', `ls ${lines.join(' ')}`);
    expect(summary(text, SECRETS)).toEqual([]);
  });

  it('a name that none can have is told as such', () => {
    expect(summary(definition({ run: 'container-auth: $AUTH' }), SECRETS)).toEqual(['secret-name 10:25 $AUTH']);
  });
});

describe('fnmatch', () => {
  it.each([
    ['a*c', 'abc', true],
    ['a*c', 'ab', false],
    ['*a*a*a*', 'banana', true],
    ['[]]', ']', true],
    ['[!a-c]', 'd', true],
    ['[!a-c]', 'b', false],
    ['a.c', 'abc', false],
    ['[', '[', true],
    ['[]', '[]', true],
    ['[!]', '!', false],
    ['[!]', '[!]', true],
    ['[!]]', 'x', true],
    ['a[]b*', 'a[]bc', true],
    ['?', '😀', true],
    ['*a*b?c*', 'xaxbxbycz', true],
    ['a**', 'a', true],
    ['', '', true],
    ['*a*a*a*a*a*a*a*a*a*a*b', 'aaaaaaaaaaaaaaaa', false],
    ['(a|b)+\\', '(a|b)+\\', true],
  ])('%s and %s: %s', (pattern, text, matches) => {
    expect(matcherOf(pattern)?.(text)).toBe(matches);
  });
});
