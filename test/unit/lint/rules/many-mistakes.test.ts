import { expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, summary } from './findings.js';

const TEN_REJECTED = `timeout: "30"
descripton: ten mistakes
triggers:
  - name: nightly
    type: cron
    runs:
      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: biuld
      - name: test-{board}
        container: alpine:3.20
        host-tag: amd64
        loop-on:
          - param: BOARD
            values: [nrf52]
        script: test
      - name: lint
        host-tag: amd64
        script: test
      - name: docs
        container: alpine:3.20
        host-tag: amd64
        params:
          PYTHON: 3.10
          SINCE: 2024-01-01
        script: test
      - name: pack
        container: alpine:3.20
        script: test
        cap-add: CHOWN
      - name: ship
        container: alpine:3.20
        host-tag: amd64
scripts:
  build: |
    #!/bin/sh -e
    make
  test: |
    #!/bin/sh -e
    make test
`;

it('ten mistakes that the server refuses are ten findings, each at its place', () => {
  expect(summary(TEN_REJECTED)).toEqual([
    'wrong-type 1:10 "30"',
    'unknown-key 2:1 descripton',
    'unknown-trigger-type 5:11 cron',
    'unknown-script 10:17 biuld',
    'bad-placeholder 11:15 test-{board}',
    'missing-key 18:15 lint',
    'yaml11-type 25:19 3.10',
    'yaml11-type 26:18 2024-01-01',
    'missing-host-tag 28:15 pack',
    'wrong-type 31:18 CHOWN',
    'script-choice 32:15 ship',
  ]);
  expect(check(TEN_REJECTED).accepted).toBe(false);
});

const TEN_ACCEPTED = `timeout: 1:30
triggers:
  - name: pushed
    type: git_poller
    params:
      GIT_URL: git@git.example.org:acme/blinky.git
      GIT_POLL_REFS: main
    runs:
      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
      - name: build
        container: registry.example.org/sdk:12
        host-tag: amd64
        container-auth: $REGISTRY
        script: build
        triggers:
          - name: flsh
  - name: flash
    type: simple
    runs:
      - name: flash-{loop}
        container: alpine:3.20
        host-tag: board
        loop-on:
          - param: host-tag
            values: [nrf52, stm32]
        script: build
      - name: all/boards
        container: alpine:3.20
        host-tag: board
        params: { A: x, A: y, B: }
        script: build
  - name: flash
    type: simple
    runs: []
scripts:
  build: |
    #!/bin/sh -e
    make
  old: |
    #!/bin/sh -e
    make old
`;

it('so are mistakes that the server accepts', () => {
  expect(summary(TEN_ACCEPTED)).toEqual([
    'yaml11-type 1:10 1:30',
    'poller-params 6:16 git@git.example.org:acme/blinky.git',
    'ref-pattern 7:22 main',
    'duplicate-run-name 13:15 build',
    'secret-name 16:25 $REGISTRY',
    'unknown-trigger 19:19 flsh',
    'host-tag-shadowed 25:19 board',
    'run-name-slash 30:15 all/boards',
    'duplicate-key 33:25 A',
    'null-value 33:31 B',
    'duplicate-trigger-name 35:11 flash',
    'no-runs 37:11 []',
    'unused-script 42:3 old',
  ]);
  expect(check(TEN_ACCEPTED).accepted).toBe(true);
});

const TEN_AT_RUN_TIME = `timeout: 0
params:
  H_RUN: mine
  BUILD TYPE: debug
  DB_PASSWORD: hunter22
triggers:
  - name: nightly
    type: simple
    runs:
      - name: build
        container: registry.example.org/SDK:12
        host-tag: amd64
        script: build
        persistent-volumes: { ccache: ccache, netrc: /root/.netrc }
        shared-volumes: { engine: /var/run/docker.sock }
        cap-drop: [SYS-NICE]
        cap-add: [SYS_ADMIN]
        test-grepping:
          test-pattern: '(?<name>x)'
          result-pattern: '(?P<name>(\\w+\\s?)+): (?P<result>ok|FAILED)'
          fixupdict: { ok: PASS }
      - name: deploy
        container: acme/sdk:12
        container-auth: registry_token
        privileged: true
        host-tag: amd64
        script: deploy
        console-progress: { progress-pattern: '[0-9]+%' }
scripts:
  build: |
    if make; then
  deploy: |
    #!/bin/sh -ex
    token=$(cat /secrets/token)
    if true; then
      ./deploy "$token"
`;

it('so are those that only show at run time, in patterns, and of security', () => {
  expect(summary(TEN_AT_RUN_TIME)).toEqual([
    'timeout-value 1:10 0',
    'reserved-param 3:3 H_RUN',
    'invalid-param-name 4:3 BUILD TYPE',
    'plaintext-secret 5:16 hunter22',
    'image-reference 11:20 registry.example.org/SDK:12',
    'mount-path 14:39 ccache',
    'mount-path 14:54 /root/.netrc',
    'docker-socket 15:35 /var/run/docker.sock',
    'unknown-capability 16:20 SYS-NICE',
    'dangerous-capability 17:19 SYS_ADMIN',
    "invalid-regex 19:25 '(?<name>x)'",
    "regex-slow 20:27 '(?P<name>(\\w+\\s?)+): (?P<result>ok|FAILED)'",
    'unknown-result-status 21:28 PASS',
    'container-auth-registry 23:20 acme/sdk:12',
    'privileged 25:21 true',
    "regex-missing-group 28:47 '[0-9]+%'",
    'missing-shebang 31:5 if make; then',
    'xtrace-secret 34:11 $(cat /secrets/token)',
    'shell-syntax 35:5 if',
  ]);
  expect(check(TEN_AT_RUN_TIME).accepted).toBe(true);
});

it('a definition of a megabyte, full of mistakes, is bounded', () => {
  const run = (i: number) => `      - name: run-${i % 7}/x
        container: alpine:3.20
        host-tag: amd64
        script: script-${i}
        triggers: [{ name: other, run-names: "{name}-x" }, { name: nothing-${i} }]
`;
  const runs = Array.from({ length: 6000 }, (_, i) => run(i)).join('');
  const text = `timeout: 5
triggers:
  - name: main
    type: simple
    runs:
${runs}  - name: other
    type: simple
    runs:
      - { name: a, container: alpine:3.20, host-tag: x, script: a }
scripts:
${Array.from({ length: 3000 }, (_, i) => `  other-${i}: "#!/bin/sh"\n`).join('')}`;
  expect(text.length).toBeGreaterThan(1_000_000);
  const { accepted, diagnostics } = check(text);
  expect(accepted).toBe(false);
  expect(diagnostics.length).toBeGreaterThan(6000);
});

it('a loop over thousands of values of a run with thousands of params is bounded', () => {
  const list = (length: number, item: (i: number) => string) => Array.from({ length }, (_, i) => item(i)).join(', ');
  const loop = `loop-on: [{ param: V, values: [${list(15_000, (i) => `v${i}`)}] }]`;
  const text = definition({ run: `params: { ${list(5_000, (i) => `A${i}: x`)} }\n${loop}` });
  expect(summary(text.replace('name: build', 'name: b-{loop}'))).toEqual([]);
});

it('thousands of values on one line, each with a repair, are bounded', () => {
  const params = Array.from({ length: 20_000 }, (_, i) => `A${i}: yes`).join(', ');
  expect(check(definition({ run: `params: { ${params} }` })).diagnostics).toHaveLength(20_000);
});

it('a name of a megabyte is not repeated in what is said of it', () => {
  const text = definition().replace('registry.example.org/sdk:12', `${'a/'.repeat(500_000)}!`);
  const [finding] = check(text).diagnostics;
  expect(finding?.rule).toBe('image-reference');
  expect(finding?.message).toMatch(/^`(?:a\/){49}a…` is not the name of an image; it cannot be pulled\.$/);
});
