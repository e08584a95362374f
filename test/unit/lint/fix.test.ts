import { describe, expect, it } from 'vitest';
import { fix, NO_CONFIG } from '../../../src/lint/index.js';
import { definition } from './rules/findings.js';

const fixed = (text: string) => fix(text, NO_CONFIG);

describe('fix', () => {
  it('makes every repair and leaves all else as it was: comments, layout, line ends, byte order mark', () => {
    const text = `\ufefftimeout:   "30"   # keep me
triggers:
    - {name: main, type: simple, runs: [
        {name: build,container: 'alpine:3.20',   hostTag: amd64, # and me
         script: build, params: {A: 3.10, B: yes}}]}

scripts: {build: "#!/bin/sh -e\\nmake\\n"}`;
    const repaired = text
      .replace('"30"', '30')
      .replace('hostTag', 'host-tag')
      .replace('3.10,', '"3.10",')
      .replace('yes', '"yes"');
    for (const end of ['\n', '\r\n', '\r']) {
      const { text: now, repairs, result } = fixed(text.replaceAll('\n', end));
      expect(now).toBe(repaired.replaceAll('\n', end));
      expect(repairs).toBe(4);
      expect(result).toMatchObject({ accepted: true, diagnostics: [] });
    }
  });

  it('done twice is done once', () => {
    const { text } = fixed(definition({ run: 'params: { A: 3.10, D: 2024-01-01 }' }));
    expect(fixed(text)).toMatchObject({ text, repairs: 0 });
  });

  it('says what remains', () => {
    const { repairs, result } = fixed(
      definition({ run: 'params: { A: 3.10 }' }).replace('script: build', 'script: biuld'),
    );
    expect(repairs).toBe(1);
    expect(result.accepted).toBe(false);
    expect(result.diagnostics.map(({ rule }) => rule)).toEqual(['unknown-script']);
  });

  it('repairs behind an anchor, for all who refer to it', () => {
    const { text, result } = fixed(definition({ top: 'params:\n  A: &v 3.10', run: 'params:\n  B: *v' }));
    expect(text).toContain('A: &v "3.10"');
    expect(result.accepted).toBe(true);
  });

  it('does not repair what would be wrong where an alias repeats it', () => {
    const text = `${definition({ top: 'params:\n  A: &v 30' }).replace('timeout: 30\n', '')}timeout: *v\n`;
    expect(fixed(text)).toMatchObject({ text, repairs: 0 });
  });

  it('makes the harmless repairs when another is harmful', () => {
    const text = `${definition({ top: 'params:\n  A: &v 30\n  B: 3.10' }).replace('timeout: 30\n', '')}timeout: *v\n`;
    expect(fixed(text)).toMatchObject({ text: text.replace('3.10', '"3.10"'), repairs: 1 });
  });

  it('leaves a name alone that the author has to choose', () => {
    const text = definition().replace('script: build', 'script: biuld');
    expect(fixed(text)).toMatchObject({ text, repairs: 0 });
  });

  it('leaves what is no YAML, or no text, alone', () => {
    expect(fixed('a: [\n3.10')).toMatchObject({ text: 'a: [\n3.10', repairs: 0 });
    expect(fix(Buffer.from([0x61, 0xff]), NO_CONFIG).repairs).toBe(0);
  });

  it('makes thousands of repairs', () => {
    const params = Array.from({ length: 3000 }, (_, i) => `  P${i}: 3.10`).join('\n');
    const { repairs, result } = fixed(definition({ top: `params:\n${params}` }));
    expect({ repairs, accepted: result.accepted }).toEqual({ repairs: 3000, accepted: true });
  });
});

describe('unsafe repairs', () => {
  const unsafe = (text: string, config = NO_CONFIG) => fix(text, config, { unsafe: true });

  it('put the names in place that were probably meant, and all else stays', () => {
    const wrong = `tiemout: 30 # minutes
params: { A: 3.10 }
triggers:
  - name: main
    type: git-poller
    params: { GIT_ULR: https://git.example.org/a.git, GIT_POLL_REFS: refs/heads/main }
    email: { user: a@example.org }
    triggers: [{ name: 'niightly' }]
    runs:
      - { name: build, container: alpine, host-tag: amd46, "scirpt": "biuld", cap-add: [SYS_PTRAEC] }
  - name: nightly
    type: simple
    runs:
      - name: test
        container: alpine
        host-tag: amd64
        script-repo: { name: tolos, path: a.sh }
script-repos:
  tools: { clone-url: https://git.example.org/a.git, token: 'githubtko' }
scripts:
  build: "#!/bin/sh -e\\nmake\\n"
`;
    const right = wrong
      .replace('tiemout', 'timeout')
      .replace('3.10', '"3.10"')
      .replace('git-poller', 'git_poller')
      .replace('GIT_ULR', 'GIT_URL')
      .replace('user:', 'users:')
      .replace("'niightly'", "'nightly'")
      .replace('amd46', 'amd64')
      .replace('"scirpt": "biuld"', '"script": "build"')
      .replace('SYS_PTRAEC', 'SYS_PTRACE')
      .replace('tolos', 'tools');
    const config = { rules: new Map(), hostTags: ['amd64', 'arm64'], secrets: ['githubtok'] };
    expect(unsafe(wrong, config).text).toBe(right.replace('githubtko', 'githubtok'));
    expect(unsafe(wrong).result.accepted).toBe(true);
  });

  it('are not made of a name that a loop fills in, and not over a key that is there', () => {
    const loop = definition({
      run: 'loop-on: [{ param: A, values: [x, y] }]\ntriggers: [{ name: "main-{loop}" }]',
      triggers: '- { name: main-z, type: simple, runs: [] }',
    }).replace('name: build', 'name: build-{loop}');
    expect(unsafe(loop)).toMatchObject({ text: loop, repairs: 0 });
    const both = definition({ top: 'parms: { A: "1" }\nparams: { A: "1" }' });
    expect(unsafe(both)).toMatchObject({ text: both, repairs: 0 });
  });

  it('come in quotes where the name needs them', () => {
    const text = definition().replace('script: build', 'script: x3.10').replace('\n  build:', '\n  "3.10":');
    expect(unsafe(text).text).toBe(text.replace('script: x3.10', 'script: "3.10"'));
  });
});
