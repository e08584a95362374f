import { describe, expect, it } from 'vitest';
import { definition, findings, place, summary } from './findings.js';

/** Rules about what a definition gives away, or lets a run do. */

const GITHUB = `ghp_${'a1B2'.repeat(9)}`;
const script = (...lines: string[]) =>
  definition().replace('    #!/bin/sh -e\n    make\n', lines.map((line) => `    ${line}\n`).join(''));
const plain = (text: string) => findings(text, 'plaintext-secret');

describe('plaintext-secret', () => {
  it.each([
    ['a token of GitHub', GITHUB],
    ['a token of GitLab', `glpat-${'x1'.repeat(10)}`],
    ['a key of AWS', 'AKIAABCDEFGHIJKLMNOP'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['a password in a URL', 'https://user:hunter22@git.example.org/x.git'],
  ])('%s, in a param, a script and a URL', (what, secret) => {
    for (const text of [
      definition({ run: `params: { X: '${secret}' }` }),
      definition({ top: `params: { X: '${secret}' }` }),
      script('#!/bin/sh', `tool '${secret}'`),
      definition({ top: `script-repos: { a: { clone-url: '${secret}' } }` }),
    ]) {
      expect(plain(text)).toMatchObject([{ severity: 'warning', server: 'accepts' }]);
      expect(plain(text)[0]?.message).toContain(what);
    }
  });

  it('stands under the secret alone', () => {
    expect(summary(script('#!/bin/sh', 'git clone https://ci:hunter22@git.example.org/x'))).toEqual([
      'plaintext-secret 13:26 hunter22',
    ]);
    expect(summary(script('#!/bin/sh', "export DB_PASSWORD='hunter22'; make"))).toEqual([
      'plaintext-secret 13:25 hunter22',
    ]);
  });

  it.each([
    ['DB_PASSWORD', 'hunter22'],
    ['API_TOKEN', 'a81bc81bdead4e5dabff90865d1e13b1'],
    ['deploy_secret', 'Zx9qLm3TtWv82KpQ'],
  ])('a param called %s', (name, value) => {
    expect(summary(definition({ run: `params: { ${name}: '${value}' }` }))).toEqual([
      `plaintext-secret 10:${22 + name.length} ${value}`,
    ]);
  });

  it.each([
    ['container-auth', definition({ run: `container-auth: ${GITHUB}` }), '10:25'],
    ['token', definition({ top: `script-repos: { a: { clone-url: 'https://x/y', token: 'ci:${GITHUB}' } }` }), '2:59'],
    ['secret_name', definition({ top: `webhooks: [{ url: 'https://x/y', secret_name: ${GITHUB} }]` }), '2:47'],
  ])('a token instead of the name of a secret, as %s', (_, text, at) => {
    const [finding, ...others] = findings(text, 'plaintext-secret');
    expect(others).toEqual([]);
    expect(finding && place(text, finding)).toBe(`${at} ${GITHUB}`);
    expect(finding?.help).toContain('give its name here');
    // That there is no secret of that name is a consequence.
    expect(findings(text, 'unknown-secret', { secrets: ['ci'] })).toEqual([]);
  });

  it.each([
    ['a variable', 'TOKEN=$CI_TOKEN', 'PASSWORD="$1"', `API_KEY=\${KEY}`],
    ['what is read from /secrets', 'TOKEN=$(cat /secrets/tok)', 'PASSWORD=`cat /secrets/pw`'],
    ['a file', 'API_TOKEN=/secrets/api_token_2024', 'PRIVATE_KEY=/root/.ssh/id_ed25519'],
    ['the name of a secret', 'TOKEN=githubtok', 'API_KEY=registry-token-of-acme-2'],
    ['a stand-in', 'PASSWORD=changeme', 'TOKEN=xxxxxxxxxxxxxxxxxxxx', 'PASSWORD=***'],
    ['a URL with a variable', 'git clone https://ci:$TOKEN@git.example.org/x', 'curl http://localhost:8080/a@b'],
    ['another word', 'PASSWORDS_FILE=hunter22hunter22', 'mytoken_count=1234567890abcdef1'],
    ['a checksum', 'sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  ])('not: %s', (_, ...lines) => {
    expect(summary(script('#!/bin/sh -e', ...lines))).toEqual([]);
  });
});

describe('xtrace-secret', () => {
  const shown = (...lines: string[]) => findings(script(...lines), 'xtrace-secret').map(({ line }) => line);

  it.each([
    ['by its first line', ['#!/bin/sh -ex', 'x=$(cat /secrets/a)'], [13]],
    ['by env', ['#!/usr/bin/env -S bash -x', 'x=$(</secrets/a)'], [13]],
    ['by set', ['#!/bin/sh', 'set -ex', 'curl -H "$(cat /secrets/a)" x', 'set +x', 'y=$(cat /secrets/b)'], [14]],
    ['by name', ['#!/bin/bash', 'set -o xtrace', 'x=`cat /secrets/a`'], [14]],
    ['a file of variables', ['#!/bin/sh -x', '. /secrets/env'], [13]],
  ])('%s', (_, lines, expected) => {
    expect(shown(...lines)).toEqual(expected);
  });

  it.each([
    ['of a read', 'read -r x </secrets/a', 'read -r x </secrets/a'],
    ['of a read with blanks, in quotes', 'if read x < "/secrets/a"; then', 'read x < "/secrets/a"'],
    ['of an array', 'mapfile -t x < /secrets/a', 'mapfile -t x < /secrets/a'],
    ['of a loop', 'while read x; do echo "$x"; done </secrets/a', 'done </secrets/a'],
  ])('what is shown later %s', (_, line, under) => {
    const text = script('#!/bin/bash -x', line);
    expect(findings(text, 'xtrace-secret').map((range) => place(text, range))).toEqual([
      `13:${5 + line.indexOf(under)} ${under}`,
    ]);
  });

  it('is one finding a script, with the other secrets and where -x was turned on', () => {
    const text = script(
      '#!/bin/sh -ex',
      'a=$(cat /secrets/a) b=$(cat /secrets/b)',
      'set +x',
      'c=$(cat /secrets/c)',
      'set -o xtrace',
      'd=$(cat /secrets/d)',
    );
    const [finding, ...others] = findings(text, 'xtrace-secret');
    expect(others).toEqual([]);
    expect(finding?.message).toBe('With `-x` the shell writes this secret, and 2 others, to the console.');
    expect(finding?.related?.map((related) => `${related.message}: ${place(text, related)}`)).toEqual([
      '`-x` is turned on here: 12:15 -ex',
      'another secret: 13:27 $(cat /secrets/b)',
      '`-x` is turned on here: 16:5 set -o xtrace',
      'another secret: 17:7 $(cat /secrets/d)',
    ]);
  });

  it('names the first places of many', () => {
    const text = script('#!/bin/sh -x', ...Array.from({ length: 100 }, (_, i) => `x=$(cat /secrets/${i})`));
    const [finding] = findings(text, 'xtrace-secret');
    expect(finding?.message).toContain('99 others');
    expect(finding?.related).toHaveLength(10);
  });

  it.each([
    ['no -x', ['#!/bin/sh -e', 'x=$(cat /secrets/a)']],
    ['off in time', ['#!/bin/sh -x', 'set +x', 'x=$(cat /secrets/a)']],
    ['handed on', ['#!/bin/sh -x', 'docker login --password-stdin < /secrets/a', 'cat /secrets/a | tool']],
    ['a here-document', ['#!/bin/sh -x', 'cat > f <<E', 'token: $(cat /secrets/a)', 'E']],
    ['a comment', ['#!/bin/sh -x', '# x=$(cat /secrets/a)', 'make']],
    ['another language', ['#!/usr/bin/perl -x', 'x=$(cat /secrets/a)']],
  ])('not: %s', (_, lines) => {
    expect(shown(...lines)).toEqual([]);
  });
});

describe('a hostile script is looked at in bounded time', () => {
  const SIZE = 400_000;
  const fill = (piece: string) => piece.repeat(SIZE / piece.length);

  it.each([
    ['substitutions that are never closed', `$(${fill('/secrets/a ')}`, 0],
    ['backticks that are never closed', `\`${fill('/secrets/a ')}`, 0],
    ['blanks', `;${fill(' ')}/secrets/a`, 0],
    ['dots and blanks', fill(' . '), 0],
    ['reads without a file', fill('read x '), 0],
    ['halves of web tokens', fill('eyJaaaaaaaaaa-'), 0],
    ['beginnings of keys', fill('-----BEGIN A '), 0],
    ['headers', fill('Authorization:  Bearer '), 0],
    ['addresses', fill('a://b:'), 0],
    ['assignments', fill('a=b'), 0],
    ['secrets on one line', fill('$(cat /secrets/a) '), 1],
    ['secrets on many lines', fill('$(cat /secrets/a)\n'), 1],
    ['tokens on one line', fill(`${GITHUB} `), SIZE / (GITHUB.length + 1)],
    ['tokens on many lines', fill(`${GITHUB}\n`), SIZE / (GITHUB.length + 1)],
  ])('%s', (_, text, count) => {
    const found = findings(script('#!/bin/sh -x', ...text.split('\n')));
    const ours = found.filter(({ rule }) => rule === 'xtrace-secret' || rule === 'plaintext-secret');
    expect(ours).toHaveLength(Math.floor(count));
  });

  it('with many files of secrets, none of them known', () => {
    const reads = Array.from({ length: 20_000 }, (_, i) => `tool < /secrets/s${i}`);
    expect(findings(script('#!/bin/sh', ...reads), 'unknown-secret', { secrets: [] })).toHaveLength(20_000);
  });
});

describe('privileged and docker-socket', () => {
  it('false is what it is without', () => {
    expect(summary(definition({ run: 'privileged: false' }))).toEqual([]);
  });

  it.each(['/var/run/docker.sock', '/run/podman/podman.sock', '/x/docker.sock:ro'])('the socket at %s', (path) => {
    expect(summary(definition({ run: `persistent-volumes:\n  engine: ${path}` }))).toEqual([
      `docker-socket 11:19 ${path}`,
    ]);
  });

  it('not a folder with another name', () => {
    expect(summary(definition({ run: 'shared-volumes: { a: /docker.sock.d }' }))).toEqual([]);
  });
});
