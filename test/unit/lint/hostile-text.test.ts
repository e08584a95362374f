import { describe, expect, it } from 'vitest';
import { check, type LintConfig } from '../../../src/lint/index.js';

/*
 * Each of these took from ten seconds to minutes, or ended with a defect, while some step's time grew with the square of
 * the text. The test fails by its limit of time when one does so again.
 */

const CONFIG: LintConfig = { rules: new Map(), hostTags: ['a'.repeat(600)], secrets: ['token'] };

interface Parts {
  script?: string;
  hostTag?: string;
  pattern?: string;
}

const define = ({ script = '', hostTag = 'amd64', pattern = 'a' }: Parts) =>
  JSON.stringify({
    timeout: 5,
    scripts: { s: `#!/bin/sh\n${script}\n` },
    triggers: [
      {
        name: 't',
        type: 'simple',
        runs: [
          {
            name: 'r',
            container: 'busybox:1',
            'host-tag': hostTag,
            script: 's',
            'test-grepping': { 'result-pattern': `(?P<name>.)(?P<result>${pattern})` },
          },
        ],
      },
    ],
  });

const many = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join('');

/** Each with one rule that finds something in it, and how often. */
const HOSTILE: [what: string, text: string, rule: string, count: number][] = [
  [
    'underscores in a param',
    `timeout: 5\nparams:\n  ? a${'_'.repeat(400_000)}-a\n  : x\ntriggers: []\n`,
    'invalid-param-name',
    1,
  ],
  ['dots behind /secrets/', define({ script: `ls /secrets/a${'.'.repeat(400_000)}a` }), 'unknown-secret', 1],
  ['stars of a host-tag', define({ hostTag: `${'*a'.repeat(200)}b` }), 'unknown-host-tag', 1],
  ['brackets of a host-tag', define({ hostTag: '['.repeat(100_000) }), 'unknown-host-tag', 1],
  ['a list of numbers', `timeout: 5\ntriggers: [${'1,'.repeat(20_000)}1]\n`, 'wrong-type', 20_001],
  [
    'comments of findings',
    `timeout: 5\nparams:\n${many(10_000, (i) => `  a-${i}: x # jobserv: ignore[invalid-param-name]\n`)}triggers: []\n`,
    'invalid-param-name',
    0,
  ],
  ['here-documents', define({ script: '<<a '.repeat(100_000), hostTag: 'x' }), 'unknown-host-tag', 1],
  ['sets of many characters', define({ pattern: '[a-z\\W\\D]'.repeat(50_000) }), 'regex-backtracking', 1],
];

describe('a definition that is meant to take long', () => {
  it.each(HOSTILE)('%s', (_, text, rule, count) => {
    const { diagnostics } = check(text, CONFIG);
    expect(diagnostics.filter((one) => one.rule === rule)).toHaveLength(count);
  });
});
