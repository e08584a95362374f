import { expect, it } from 'vitest';
import { Analysis } from '../../../src/language-server/index.js';
import { NO_CONFIG } from '../../../src/lint/index.js';
import { definition } from '../lint/rules/findings.js';

const SCRIPTS = `  broken: |
    #!/bin/sh -e
    if true; then
  traced: |
    #!/bin/sh -ex
    curl -H "Token: $(cat /secrets/token)" https://example.org
  secret: |
    #!/bin/sh
    export API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345
`;
const TEXT = definition({
  run: 'params: { A: x }',
  triggers: ['broken', 'traced', 'secret']
    .map(
      (name) =>
        `- { name: ${name}, type: simple, runs: [{ name: a, container: 'a:1', host-tag: a, script: ${name} }] }`,
    )
    .join('\n'),
});

it('finds the same in each version, whatever it keeps of the one before', () => {
  const versions = [
    TEXT + SCRIPTS,
    `# one more line\n${TEXT}${SCRIPTS}`,
    (TEXT + SCRIPTS).replace('if true; then', 'if true; then :; fi'),
    (TEXT + SCRIPTS).replace('-ex', '-e'),
    `${TEXT.replace('script: broken', 'script: secret')}${SCRIPTS}`,
    'a: [',
    TEXT + SCRIPTS,
  ];
  let previous: Analysis | undefined;
  for (const [version, text] of versions.entries()) {
    const alone = new Analysis(text, version, NO_CONFIG).result.diagnostics;
    previous = new Analysis(text, version, NO_CONFIG, undefined, previous);
    expect(previous.result.diagnostics).toEqual(alone);
    if (version === 0) {
      const rules = alone.map(({ rule }) => rule);
      expect(rules).toEqual(expect.arrayContaining(['shell-syntax', 'xtrace-secret', 'plaintext-secret']));
    }
  }
});

it('places a finding and a cursor alike, behind a byte order mark and characters of two code units', () => {
  const line = 'description: "🎉🎉", timeout: x';
  for (const text of [`{ ${line} }`, `\ufeff{ ${line} }`]) {
    const analysis = new Analysis(text, 1, NO_CONFIG);
    const character = text.indexOf('timeout');
    expect(analysis.rangeOf({ path: '/timeout', part: 'key' })).toEqual({
      start: { line: 0, character },
      end: { line: 0, character: character + 'timeout'.length },
    });
    for (const at of [character, character + 3, character + 7])
      expect(analysis.at({ line: 0, character: at })).toEqual({ path: '/timeout', part: 'key' });
    expect(analysis.at({ line: 0, character: 99 })).toEqual({ path: '', part: 'value' });
  }
});
