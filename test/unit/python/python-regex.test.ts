import { describe, expect, it } from 'vitest';
import { backtrackingEngine, compilePython, PatternError } from '../../../src/python/index.js';

/** The groups that a pattern finds at the beginning of a text; undefined where it does not match. */
const match = (pattern: string, text: string) => {
  const compiled = compilePython(pattern);
  const slow = backtrackingEngine()(compiled.program());
  const found = slow(text, 10_000);
  // Where both engines can, they agree.
  if (compiled.match) expect(compiled.match(text)).toEqual(found);
  return found && { ...found };
};
const fits = (pattern: string, text: string) => match(pattern, text) !== undefined;

describe('named groups', () => {
  it('are answered by name, others not at all', () => {
    expect(match('(?P<name>\\w+)(:) (?P<result>\\w+)', 'boot: ok')).toEqual({ name: 'boot', result: 'ok' });
  });

  it('that took no part are null, and empty ones are empty', () => {
    expect(match('(?P<a>x)?(?P<b>y*)', 'z')).toEqual({ a: null, b: '' });
  });

  it('keep what they held in the last round of a repetition', () => {
    expect(match('(?:(?P<a>[a-z])|(?P<b>\\d))+', 'x1y2')).toEqual({ a: 'y', b: '2' });
  });

  it.each([
    ['(?P<a>.*)+!', 'xy!', ''],
    ['(?:(?P<a>x*)-?)*', 'xx-x', ''],
    ['(?P<a>x+)*', 'xx', 'xx'],
    ['(?:(?P<a>x)|y*)*', 'xy', 'x'],
  ])('hold nothing after a last round that took nothing, as in Python: %s', (pattern, text, held) => {
    expect(match(pattern, text)).toEqual({ a: held });
  });

  it('are known before anything is matched', () => {
    expect([...compilePython('(?P<name>a)(?P<été>b)(c)').groups]).toEqual(['name', 'été']);
  });

  it('may be called like what every object has', () => {
    expect(match('(?P<__proto__>a)(?P<constructor>b)', 'ab')).toEqual(
      Object.fromEntries([
        ['__proto__', 'a'],
        ['constructor', 'b'],
      ]),
    );
  });
});

describe('a match', () => {
  it.each([
    ['begins at the beginning', 'b', 'ab', false],
    ['need not reach the end', 'a', 'ab', true],
    ['is greedy where it is told so, and only there', '(?:a+?)(?P<rest>a*)$', 'aaa', true],
    ['takes the first branch that leads to the end', '(?:a|ab)(?:c|bcd)$', 'abcd', true],
  ])('%s', (_, pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected);
  });
});

describe('places', () => {
  it.each([
    ['$ is the end', 'a$', 'a', true],
    ['$ is before a newline at the end', 'a$', 'a\n', true],
    ['$ takes no character: the newline is still there', 'a$\\n', 'a\n', true],
    ['$ is nowhere else', 'a$', 'ab', false],
    ['\\Z is the very end', 'a\\Z', 'a', true],
    ['\\Z is not before a newline', 'a\\Z', 'a\n', false],
    ['\\A is the beginning', '\\Aa', 'a', true],
    ['^ is the beginning', '.^', 'a', false],
    ['^ with m is after a newline too', '(?m)a\\n^', 'a\n', true],
    ['$ with m', '(?m)a$', 'a\n', true],
    ['\\b is at the edge of a word', '\\bab\\b ', 'ab ', true],
    ['\\b is at the edge of a word of any script', '日本\\b', '日本 ', true],
    ['\\b is no edge where only the class ends', '[A-Za-z0-9_]+\\b', 'aé', false],
    ['\\b is an edge before a sign beyond ASCII', '[a-z]+\\b→', 'a→', true],
    ['\\b is not within a word of any script', '.\\b', 'éa', false],
    ['\\B is within a word of any script', '.\\B', 'éa', true],
    ['\\b of ASCII, where it is told so', '(?a).\\b', 'éa', true],
  ])('%s', (_, pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected);
  });

  it('are found in one text after another, of ever more characters', () => {
    const texts = ['ab →', 'aé!', '日本', 'é→😀', 'aä', 'z\u0301', 'é\n'];
    expect(texts.map((text) => match('(?P<a>[a-zé]+)\\b(?P<b>.*)$', text)?.['a'])).toEqual([
      'ab',
      'aé',
      undefined,
      'é',
      undefined,
      'z',
      'é',
    ]);
  });

  it('beyond ASCII leave the groups what they are', () => {
    expect(match('(?P<a>\\b\\w+\\b) (?P<b>.+)\\b$', 'größe 😀日本')).toEqual({ a: 'größe', b: '😀日本' });
  });
});

describe('classes', () => {
  it.each([
    ['\\w', 'é日ªⅧ½_'],
    ['\\d', '5٣९'],
    ['\\s', ' \t\x0b\x1c\x85\u00a0\u2003\u3000'],
    ['[^\\W_]', 'é5'],
    ['[\\W_]', '_- '],
    ['[^\\s]', '_é'],
    ['(?a)\\W', 'é'],
    ['(?a:\\D)', '٣'],
    ['[]a]', ']a'],
    ['[^]a]', 'b['],
    ['[[:x]', '[:x'],
    ['[a\\-z]', 'a-z'],
    ['[a&&b]', 'a&b'],
    ['[\\b]', '\b'],
  ])('%s holds every one of %j', (pattern, characters) => {
    expect([...characters].filter((character) => !fits(`${pattern}\\Z`, character))).toEqual([]);
  });

  it.each([
    ['\\w', '-\u0301\u200d'],
    ['\\d', '²½Ⅷ'],
    ['\\s', 'x\u200b\ufeff'],
    ['[^\\W_]', '_-'],
    ['(?a)\\w', 'éſ'],
    ['(?a)\\s', '\u00a0\x1c'],
    ['[^]a]', ']a'],
    ['.', '\n'],
  ])('%s holds none of %j', (pattern, characters) => {
    expect([...characters].filter((character) => fits(`${pattern}\\Z`, character))).toEqual([]);
  });
});

describe('flags', () => {
  it.each([
    ['(?i) goes for all of it', '(?i)pass|FAIL', 'fail', true],
    ['(?i) knows the long s, the dotted I and the Kelvin sign', '(?i)sik\\Z', 'ſİ\u212a', true],
    ['(?i) of ASCII knows none of them', '(?ai)s', 'ſ', false],
    ['(?i) in a set', '(?i)[^a-c]', 'B', false],
    ['(?i) beyond ASCII', '(?i)straße É', 'STRAẞE é', true],
    ['(?i:…) goes for a part', '(?i:a)b', 'AB', false],
    ['(?-i:…) takes it back', '(?i)a(?-i:b)', 'AB', false],
    ['(?s) lets the dot be a newline', '(?s).', '\n', true],
    ['(?x) leaves blanks and comments out', '(?x) a \\  b # the end', 'a b', true],
    ['several at once', '(?im)A$', 'a\n', true],
    ['without one, cases matter', 'a', 'A', false],
  ])('%s', (_, pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected);
  });
});

describe('escapes and braces', () => {
  it.each([
    ['a character by its number', '\\x41\\u00e9\\U0001F600\\101\\0', 'Aé😀A\0'],
    ['a sign that means nothing', '\\-\\:\\/\\"\\😀', '-:/"😀'],
    ['braces that count nothing', 'a{x}{,y}{', 'a{x}{,y}{'],
    ['{,2} counts from none', 'a{,2}b', 'aab'],
    ['a comment', 'a(?#not this)b', 'ab'],
  ])('%s', (_, pattern, text) => {
    expect(fits(`(?:${pattern})\\Z`, text)).toBe(true);
  });
});

describe('what Python refuses is refused', () => {
  it.each([
    ['(', 'never closed'],
    ['a**', 'repeats'],
    ['[z-a]', 'not a range'],
    ['\\z', '\\z'],
    ['\\p{L}', '\\p'],
    ['a\\', 'backslash'],
    ['(?<name>a)', '(?P<name>'],
    ['(?P<a>x)(?P<a>y)', 'already'],
    ['a(?i)', 'beginning'],
    ['(?P<1>a)', 'name of a group'],
    ['(?P=name)', 'no group'],
  ])('%s', (pattern, reason) => {
    expect(() => compilePython(pattern)).toThrow(PatternError);
    expect(() => compilePython(pattern)).toThrow(reason);
  });
});

describe('what a linear-time engine cannot do', () => {
  it.each([
    ['(?=a)(?P<x>.)', 'a', 'a'],
    ['(?!b)(?P<x>.)', 'b', undefined],
    ['..(?<=ab)(?P<x>.)', 'abc', 'c'],
    ['..(?<!ab)(?P<x>.)', 'abc', undefined],
    ['(a|b)(?P<x>\\1)', 'bb', 'b'],
    ['(?P<a>x)?(?P<x>(?P=a)|y)', 'y', 'y'],
    ['(?i)(ß|k)(?P<x>\\1)', 'k\u212a', '\u212a'],
    ['(a)?(?P<x>(?(1)b|c))', 'ab', 'b'],
    ['(a)?(?P<x>(?(1)b|c))', 'c', 'c'],
    ['(?>a|ab)(?P<x>c)', 'abc', undefined],
    ['a++(?P<x>a)', 'aaa', undefined],
    ['(?:ab|a)++(?P<x>b)', 'aab', undefined],
    ['(?P<x>a{1001})', 'a'.repeat(1001), 'a'.repeat(1001)],
    ['(?P<x>(?:(?:a{20}){20}){20})', 'a'.repeat(8000), 'a'.repeat(8000)],
    ['(?P<x>.)(?=.)', '😀é', '😀'],
  ])('is evaluated by backtracking: %s', (pattern, text, held) => {
    expect(compilePython(pattern).match).toBeUndefined();
    expect(match(pattern, text)?.['x']).toBe(held);
  });

  it.each([
    [`${'('.repeat(400)}a${')'.repeat(400)}`, 'too deep'],
    ['\\N{BULLET}', 'Write the character'],
  ])('and no engine here can is refused: %s', (pattern, what) => {
    expect(() => compilePython(pattern)).toThrow(expect.objectContaining({ isInvalid: false }));
    expect(() => compilePython(pattern)).toThrow(what);
  });

  it('but not where a backslash stands for itself', () => {
    expect(fits('\\\\1\\\\N{2}', '\\1\\NN')).toBe(true);
  });
});

describe('a text that must be there', () => {
  it.each([
    ['(?P<name>\\S+): (?P<result>\\w+)', [': ']],
    ['^(?P<result>PASS|FAIL)ED: (?P<name>.*)$', ['PASS', 'FAIL']],
    ['^(?P<result>ok|bad)ness (?P<name>.*)$', ['ness ']],
    ['(?P<result>ok|bad)', ['ok', 'bad']],
    ['(?P<name>(?:ab)+)x?', ['ab']],
    ['(?i)pass', undefined],
    ['(?:ab)?', undefined],
    ['(?=ab).*', undefined],
    ['a\\n', ['a']],
  ])('%s', (pattern, texts) => {
    expect(compilePython(pattern).requires).toEqual(texts);
  });
});

it.each(['(a+)+$', '(?:a|a)*b', '(?P<name>(?:a*)*)!$', '(?:.*){20}x'])(
  'a pattern that would keep Python busy for ever is done with: %s',
  (pattern) => {
    // A matcher that goes back would need 2^200000 steps.
    expect(compilePython(pattern).match?.(`${'a'.repeat(200_000)}?`)).toBeUndefined();
  },
);
