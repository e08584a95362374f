import { describe, expect, it } from 'vitest';
import { definition, findings, summary } from './findings.js';

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
