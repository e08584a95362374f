import { describe, expect, it } from 'vitest';
import { definitionsOf, hoverAt, referencesTo, renamedAt, renameTo } from '../../../src/language-server/index.js';
import { open } from './open-definition.js';

const definition = (end: string) => (text: string) => text.replaceAll('\n', end);
const TEXT = `timeout: 5 # 🎉
triggers:
  - name: 'main'
    type: simple
    triggers: [{ name: nightly-b }]
    runs:
      - { name: 🎉, container: alpine, host-tag: a, script: "build", triggers: [{ name: 'nightly-a' }] }
      - name: b-{loop}
        container: alpine
        host-tag: a
        script: build
        loop-on: [{ param: A, values: [a, b] }]
        triggers: [{ name: "nightly-{loop}" }]
      - { name: c, container: alpine, host-tag: a, script-repo: { name: tools, path: a.sh } }
  - { name: nightly-a, type: simple, runs: [] }
  - { name: nightly-b, type: simple, runs: [] }
scripts:
  build: "#!/bin/sh"
script-repos: { tools: { clone-url: https://git.example.org/a.git } }
`;
const cursorAt = (text: string, word: string, at = 0) => {
  const index = text.indexOf(word) + at;
  return open(`${text.slice(0, index)}|||${text.slice(index)}`);
};

describe.each([
  ['Unix', definition('\n')],
  ['Windows', definition('\r\n')],
  ['old Macs', definition('\r')],
  ['a byte order mark', (text: string) => `\ufeff${text}`],
])('in a file with the line ends of %s', (_, asThere) => {
  const text = asThere(TEXT);

  it.each([
    ['"build"', 1, ['build'], ['build', '"build"', 'build']],
    ['  build:', 3, ['build'], ['build', '"build"', 'build']],
    ['name: tools', 7, ['tools'], ['tools', 'tools']],
    ["'main'", 3, ["'main'"], ["'main'"]],
    ["'nightly-a'", 2, ['nightly-a'], ['nightly-a', "'nightly-a'", '"nightly-{loop}"']],
    [
      '"nightly-{loop}"',
      4,
      ['nightly-a', 'nightly-b'],
      ['nightly-a', 'nightly-b', 'nightly-b', "'nightly-a'", '"nightly-{loop}"'],
    ],
  ])('%s leads to its place and to all that name it', (word, at, places, references) => {
    const { analysis, position, at: textAt } = cursorAt(text, word, at);
    const texts = (found: { range: Parameters<typeof textAt>[0] }[]) => found.map(({ range }) => textAt(range)).sort();
    expect(texts(definitionsOf(analysis, position, 'u'))).toEqual(places.toSorted());
    expect(texts(referencesTo(analysis, position, { uri: 'u', declaration: true }))).toEqual(references.toSorted());
  });

  it.each(['"build"', '  build:'])('a rename at %s changes all places and keeps the quotes', (word) => {
    const { analysis, position, after } = cursorAt(text, word, 3);
    expect(renamedAt(analysis, position)?.placeholder).toBe('build');
    const expected = text
      .replace('"build"', '"3.10 🎉"')
      .replace('script: build', 'script: "3.10 🎉"')
      .replace('  build:', '  "3.10 🎉":');
    expect(after(renameTo(analysis, position, '3.10 🎉'))).toBe(expected);
  });
});

describe('a rename is refused', () => {
  it.each([
    ['where a loop makes the name', TEXT, "'nightly-a'", 'x', 'A loop fills in the name'],
    ['to a name that is taken', TEXT, "'main'", 'nightly-b', 'There is a trigger `nightly-b` already'],
    ['to no name', TEXT, "'main'", '', 'one line of text'],
    ['to two lines', TEXT, "'main'", 'a\nb', 'one line of text'],
    ['of what has no name', TEXT, 'alpine', 'x', 'Only scripts, script-repos and triggers'],
    [
      'of an alias that means something else, too',
      TEXT.replace('"build", trig', '&b build, container-user: *b, trig'),
      'build, container',
      'x',
      'would change something else',
    ],
    [
      'of a key that is there twice',
      TEXT.replace('scripts:', 'scripts:\n  build: "#!/bin/sh -e"'),
      '"build"',
      'x',
      'would change something else',
    ],
    [
      'over several lines',
      TEXT.replace('script: build', 'script: |-\n          build'),
      '  build: ',
      'x',
      'several lines',
    ],
  ])('%s', (_, text, word, name, message) => {
    const { analysis, position } = cursorAt(text, word, 2);
    expect(() => renameTo(analysis, position, name)).toThrow(message);
  });
});

describe('hover', () => {
  const hover = (text: string, word: string, at = 2) => {
    const { analysis, position } = cursorAt(text, word, at);
    return hoverAt(analysis, position)?.contents;
  };

  it.each([
    ['a key of the top', 'timeout', '**timeout** (integer)'],
    ['a key in brackets behind a wide character', 'host-tag: a, script: "build"', '**host-tag** (string)'],
    ['a key that the author chose', 'tools: {', ''],
    ['a value', 'simple', ''],
  ])('on %s', (_, word, expected) => {
    const contents = hover(TEXT, word);
    if (expected === '') expect(contents).toBeUndefined();
    else expect(contents).toMatchObject({ kind: 'markdown', value: expect.stringContaining(expected) });
  });

  it('on a rule in a comment', () => {
    const text = TEXT.replace('# 🎉', '# jobserv: ignore[privileged, mount-path] 🎉');
    expect(hover(text, 'mount-path')).toMatchObject({ value: expect.stringContaining('**mount-path**: ') });
    expect(hover(text, 'ignore')).toBeUndefined();
  });
});
