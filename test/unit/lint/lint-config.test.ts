import { describe, expect, it } from 'vitest';
import { parseLintConfig } from '../../../src/lint/index.js';
import { place } from './rules/findings.js';

const faults = (text: string) => parseLintConfig(text).faults.map((fault) => `${place(text, fault)}: ${fault.message}`);

describe('.jobserv-lint.yml', () => {
  it('weighs rules and lists what the server has', () => {
    const { config, faults: none } = parseLintConfig(`rules:
  unused-script: off
  secret-name: "off"
  no-runs: info
host-tags: [amd64, arm64]
secrets:
  - githubtok
`);
    expect(none).toEqual([]);
    expect(config).toEqual({
      rules: new Map([
        ['unused-script', 'off'],
        ['secret-name', 'off'],
        ['no-runs', 'info'],
      ]),
      hostTags: ['amd64', 'arm64'],
      secrets: ['githubtok'],
    });
  });

  it.each(['', '# nothing yet\n', 'rules:\n', '{}', '---\n'])('may say nothing: %j', (text) => {
    expect(parseLintConfig(text)).toMatchObject({ faults: [], config: { rules: new Map() } });
  });

  it('lists that are empty are lists: the server has none', () => {
    expect(parseLintConfig('secrets: []\nhost-tags: []').config).toMatchObject({ secrets: [], hostTags: [] });
  });

  it('tells all that is wrong with it at once, each at its place', () => {
    expect(
      faults(`rules:
  unused-scirpt: off
  no-runs: loud
  no-runs: on
host-tags: amd64
secrets: [x, 3.10, ""]
ruels: {}
`),
    ).toEqual([
      '2:3 unused-scirpt: There is no rule `unused-scirpt`.',
      '4:3 no-runs: `no-runs` is here a second time.',
      '4:12 on: This is not a weight of a rule.',
      '5:12 amd64: `host-tags` has to be a list: `host-tags: [one, another]`.',
      '6:14 3.10: This is not a text in YAML 1.1.',
      '6:20 "": This is not a text in YAML 1.1.',
      '7:1 ruels: There is no key `ruels` here.',
    ]);
  });

  it('says what was probably meant', () => {
    const [rule, key] = parseLintConfig('rules: {unused-scirpt: off}\nsecret: []').faults;
    expect(rule?.help).toContain('Did you mean `unused-script`?');
    expect(key?.help).toContain('Did you mean `secrets`?');
  });

  it.each(['[]x: [', 'rules: 5', '- a', 'just a text'])('is no definition of anything: %j', (text) => {
    expect(faults(text)).toHaveLength(1);
  });
});
