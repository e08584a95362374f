import { describe, expect, it } from 'vitest';
import { definition, places, summary } from './findings.js';

/** The caret stands under the very characters, however the file is written. */

const POLLER = `timeout: 30
triggers:
  - name: pushed
    type: git_poller
    params:
      GIT_URL: https://git.example.org/x.git
      GIT_POLL_REFS: refs/heads/main stable
    runs:
      - name: build/x
        container: registry.example.org/sdk:12
        host-tag: amd64
        container-auth: $AUTH
        script: build
scripts:
  build: |
    #!/bin/sh -e
    make
`;
const EXPECTED = ['ref-pattern 7:38 stable', 'run-name-slash 9:15 build/x', 'secret-name 12:25 $AUTH'];

describe('positions', () => {
  it.each([
    ['LF', POLLER],
    ['CRLF', POLLER.replaceAll('\n', '\r\n')],
    ['CR', POLLER.replaceAll('\n', '\r')],
    ['a byte order mark', `\ufeff${POLLER}`],
  ])('in a file with %s', (_, text) => {
    expect(summary(text)).toEqual(EXPECTED);
  });

  it('behind wide and combining characters, in UTF-16 code units', () => {
    const text = definition({ run: 'params: { "äß日本🚀": "x", e\u0301: yes }' });
    expect(places(text)).toEqual(['10:38 yes']);
  });

  it('in flow style, behind a tab in a text', () => {
    const text = definition({ run: 'params: { A: "x\ty", B: 3.10 }' });
    expect(summary(text)).toEqual(['yaml11-type 10:32 3.10']);
  });

  it('in a list over several lines', () => {
    expect(summary(definition({ run: 'cap-add: [\n  SYS_NICE,\n  010\n]' }))).toEqual(['yaml11-type 12:11 010']);
  });

  it('behind an alias it is where the text was written, and there once', () => {
    const text = definition({ top: 'params:\n  A: &value 3.10', run: 'params:\n  B: *value' });
    expect(summary(text)).toEqual(['yaml11-type 3:13 3.10']);
  });

  it('behind a merge it is in the mapping that was merged', () => {
    const text = `timeout: 30
triggers:
  - name: a
    type: simple
    runs:
      - &run
        name: one
        container: registry.example.org/sdk:12
        host-tag: amd64
        container-auth: $AUTH
        script: build
  - name: b
    type: simple
    runs:
      - <<: *run
        name: two/x
        container-auth: auth
scripts:
  build: |
    #!/bin/sh -e
    make
`;
    expect(summary(text)).toEqual(['secret-name 10:25 $AUTH', 'run-name-slash 16:15 two/x']);
  });

  it('a pattern in a quoted text, in one that is folded, and in one with escapes', () => {
    const refs = (value: string) => places(POLLER.replace('refs/heads/main stable', value), 'ref-pattern');
    expect(refs('"refs/heads/main stable"')).toEqual(['7:39 stable']);
    expect(refs("'refs/heads/main\n        stable'")).toEqual(['8:9 stable']);
    expect(refs('>-\n        refs/heads/main\n        stable')).toEqual(['9:9 stable']);
    expect(refs('"refs/heads/main st\\u0061ble"')).toEqual(['7:22 "refs/heads/main st\\u0061ble"']);
  });

  it('the same name twice in one text is shown where it is wrong', () => {
    expect(places(POLLER.replace('refs/heads/main stable', 'refs/heads/main main'), 'ref-pattern')).toEqual([
      '7:38 main',
    ]);
  });
});
