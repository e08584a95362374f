import { describe, expect, it } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { completionsAt } from '../../../src/language-server/index.js';
import { open } from './open-definition.js';

const CONFIG = { rules: new Map(), hostTags: ['riscv'], secrets: ['githubtok', 'my registry'] };

/** What is offered at `|||`, and the text once the first of it is taken. */
function complete(marked: string, readable = marked) {
  const { text, position } = open(marked, CONFIG);
  const items = completionsAt(text, position, open(readable, CONFIG).analysis);
  const document = TextDocument.create('file:///a', 'yaml', 1, text);
  const [first] = [...items].sort((a, b) => ((a.sortText ?? a.label) < (b.sortText ?? b.label) ? -1 : 1));
  const taken =
    first?.textEdit && 'range' in first.textEdit ? TextDocument.applyEdits(document, [first.textEdit]) : text;
  return { labels: items.map(({ label }) => label), taken };
}

const TOP = 'timeout: 5\n';
const SCRIPTS = 'scripts:\n  build: "#!/bin/sh"\n  "3.10": "#!/bin/sh"\n  test all: "#!/bin/sh"\n';
const RUN = (line: string) =>
  `${TOP}triggers:\n  - name: main\n    type: simple\n    runs:\n      - name: a\n        container: alpine\n${line}\n${SCRIPTS}`;

describe('values', () => {
  it.each([
    ['a script', RUN('        script: |||'), ['build', '3.10', 'test all'], '        script: "3.10"\n'],
    ['a script in quotes', RUN("        script: '|||'"), ['build', '3.10', 'test all'], "        script: '3.10'\n"],
    ['a script in an open quote', RUN('        script: "|||'), ['build', '3.10', 'test all'], 'script: "3.10\n'],
    ['in the middle of a word', RUN('        script: bu|||xx'), ['build', '3.10', 'test all'], 'script: "3.10"\n'],
    ['a host-tag', RUN('        host-tag: |||'), ['riscv'], 'host-tag: riscv\n'],
    [
      'a host-tag of a loop',
      RUN('        loop-on:\n          - param: host-tag\n            values: [|||]'),
      ['riscv'],
      'values: [riscv]',
    ],
    ['no host-tag in another loop', RUN('        loop-on:\n          - param: A\n            values: [|||]'), [], ''],
    ['a secret', RUN('        container-auth: |||'), ['githubtok', 'my registry'], 'container-auth: githubtok\n'],
    ['true and false', RUN('        privileged: |||'), ['true', 'false'], 'privileged: false\n'],
    ['a trigger', RUN('        triggers:\n          - name: |||'), ['main'], '- name: main\n'],
    ['nothing for a free text', RUN('        container-user: |||'), [], ''],
    ['nothing in a comment', RUN('        # script: |||'), [], ''],
    ['nothing in a script', RUN('').replace('#!/bin/sh', '#!/bin/sh scr|||'), [], ''],
  ])('%s', (_, text, labels, taken) => {
    const done = complete(text, text.replace(/^.*\|\|\|.*\n/m, ''));
    expect(done.labels).toEqual(labels);
    if (labels.length > 0) expect(done.taken).toContain(taken);
  });

  it('the types of a trigger', () => {
    const text = `${TOP}triggers:\n  - name: 🎉\n    type: g|||\n`;
    expect(complete(text)).toEqual({
      labels: ['git_poller', 'github_pr', 'gitlab_mr', 'simple'],
      taken: text.replace('g|||', 'git_poller'),
    });
  });

  it('script-repos', () => {
    const repos = 'script-repos:\n  tools: { clone-url: https://git.example.org/a.git, token: |||g }\n';
    expect(complete(`${TOP}${repos}`).labels).toEqual(['githubtok', 'my registry', 'g']);
    const text = RUN('        script-repo: { name: |||, path: a.sh }') + repos.replace('|||', '');
    expect(complete(text).labels).toEqual(['tools']);
  });
});

describe('keys', () => {
  it.each([
    ['at the top of an empty file', '|||', 'timeout: '],
    ['at the top', `${TOP}|||\n${SCRIPTS}`, 'triggers: '],
    ['that begin', `${TOP}trig|||\n`, 'triggers: '],
    ['of a run', RUN('        |||'), '        cap-add: '],
    ['of a new entry', RUN('').replace(SCRIPTS, '      - |||\n'), '      - container: '],
    ['in brackets', `${TOP}triggers: [{ |||`, 'triggers: [{ name: '],
    ['in brackets that are closed', `${TOP}triggers: [{ name: a, t||| }]\n`, '{ name: a, runs:  }]'],
    [
      'in front of a colon',
      RUN('        contai|||: x').replace('        container: alpine\n', ''),
      '        container: x',
    ],
    ['with Windows line ends', RUN('        |||').replaceAll('\n', '\r\n'), '        cap-add: \r\n'],
  ])('%s', (_, text, taken) => {
    expect(complete(text).taken).toContain(taken);
  });

  it('that are there already are not offered, those that are needed come first', () => {
    const { labels } = complete(RUN('        |||\n        script: build'));
    expect(labels).toEqual(expect.arrayContaining(['host-tag', 'loop-on', 'params']));
    for (const present of ['name', 'container', 'script']) expect(labels).not.toContain(present);
  });

  it('are none of the names that an author chooses', () => {
    expect(complete(`${TOP}params:\n  |||\n`).labels).toEqual([]);
  });

  it('are found when another place of the file cannot be read', () => {
    expect(complete(`${TOP}triggers:\n  - |||\nscripts: {a: [b\n`).labels).toEqual(
      expect.arrayContaining(['name', 'runs']),
    );
  });
});

it('a line that is meant to take long has no completions', () => {
  expect(complete(`${TOP}description: ${'a'.repeat(200_000)}!|||`).labels).toEqual([]);
  expect(complete(`${TOP}description: ${'['.repeat(50_000)}|||`).labels).toEqual([]);
});
