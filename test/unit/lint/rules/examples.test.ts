import { describe, expect, it } from 'vitest';
import { RULES } from '../../../../src/lint/index.js';
import { places, rulesIn } from './findings.js';

/** What the caret stands under in the bad example of each rule: `line:column text`. */
const PLACES: Record<string, string> = {
  'yaml-syntax': '6:20 :',
  'empty-definition': '1:1 # to be written',
  'duplicate-key': '13:11 BOARD',
  'unknown-key': '7:9 image',
  'missing-key': '6:15 build',
  'null-value': '10:9 params',
  'yaml11-type': '11:19 3.10',
  'wrong-type': '9:19 CHOWN',
  'name-length': `6:15 build-of-the-bootloader-the-kernel-and-the-root-file-system-with-every-optional-feature`,
  'unknown-trigger-type': '4:11 cron',
  'script-choice': '10:9 script-repo',
  'unknown-script': '9:17 biuld',
  'unknown-script-repo': '9:30 sharde',
  'missing-host-tag': '6:15 build',
  'unknown-trigger': '11:28 tset',
  'unused-script': '14:3 test',
  'unused-script-repo': '15:3 shared',
  'secret-name': '8:25 $REGISTRY_TOKEN',
  'duplicate-run-name': '6:15 build',
  'duplicate-trigger-name': '11:11 build',
  'triggered-run-collision': '14:19 flash',
  'bad-placeholder': '6:15 build-{board}-{loop}',
  'run-name-slash': '6:15 build/{loop}',
  'loop-size': '9:9 loop-on',
  'loop-empty': '11:21 []',
  'loop-repeated-param': '12:20 BOARD',
  'host-tag-shadowed': '8:19 big-machine',
  'trigger-recursion': '11:24 test',
  'poller-params': '5:5 params',
  'ref-pattern': '7:22 main',
  'unreachable-trigger': '11:11 github_pr',
  'trigger-never-fires': '11:24 publish',
  'no-runs': '5:11 []',
  'unknown-host-tag': '8:19 x86_64',
  'unknown-secret': '8:25 regsitry_token',
  'mount-path': '10:19 ccache',
  'invalid-param-name': '10:11 BUILD TYPE',
  'reserved-param': '10:11 H_RUN',
  'unknown-capability': '9:19 SYS-NICE',
  'image-reference': '7:20 registry.example.org/SDK:12',
  'container-auth-registry': '7:20 acme/sdk:12',
  'timeout-value': '1:10 0',
  'missing-shebang': '12:5 make all',
  'folded-script': '11:10 >',
  'missing-interpreter': '12:12 bash',
  'shell-syntax': '13:5 if',
  'invalid-regex': "10:27 '(?<name>\\w+): (?<result>PASSED|FAILED)'",
  'regex-missing-group': "10:27 '(?P<test>\\w+): (?P<result>PASSED|FAILED)'",
  'unknown-result-status': '12:17 PASS',
  'regex-backtracking': "10:27 '(?P<name>\\w+)(?=:): (?P<result>PASSED|FAILED)'",
  'regex-slow': "10:27 '(?P<name>(\\w+\\s?)+): (?P<result>PASSED|FAILED)'",
  'plaintext-secret': '13:36 8f3c2a91d04be77a6c15',
  'xtrace-secret': '13:11 $(cat /secrets/deploy_token)',
  privileged: '9:21 true',
  'dangerous-capability': '9:19 SYS_ADMIN',
  'docker-socket': '10:19 /var/run/docker.sock',
  'unknown-ignore': '14:36 kept',
  'unused-ignore': '6:25 missing-host-tag',
};

describe.each(RULES)('the examples of $id', ({ id, explain }) => {
  it('the bad one has this finding, where the mistake is, and no other', () => {
    expect(rulesIn(explain.bad, explain.config)).toEqual([id]);
    expect(places(explain.bad, undefined, explain.config)).toEqual([PLACES[id]]);
  });

  it('the good one has none', () => {
    expect(rulesIn(explain.good, explain.config)).toEqual([]);
  });
});

it('the words of a rule are complete, and its id is unique', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, summary, explain } of RULES) {
    expect(id).toMatch(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
    expect(summary, id).toMatch(/\.$|`\.?$/);
    expect(explain.why, id).toMatch(/\.$/);
  }
});
