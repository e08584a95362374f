import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createMasker, type Masker } from '../../../src/executor/index.js';

/** The masked bytes of a text that arrives cut at the given places. */
function inPieces(masker: Masker, bytes: Buffer, cuts: number[]): string {
  const stream = masker.stream();
  const out: Buffer[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(from, to));
    for (const part of stream.write(piece)) out.push(Buffer.from(part));
    piece.fill(0);
    from = to;
  }
  for (const part of stream.end()) out.push(Buffer.from(part));
  return Buffer.concat(out).toString('latin1');
}

describe('masking', () => {
  it('replaces a value wherever it stands', () => {
    const masker = createMasker(['hunter22']);
    expect(masker.text('a hunter22 b hunter22')).toBe('a *** b ***');
    expect(masker.text('hunter22hunter22')).toBe('******');
  });

  it('lets values of fewer than six characters pass, and says that it has nothing to hide', () => {
    const masker = createMasker(['', 'short', 'äöüßé']);
    expect(masker.empty).toBe(true);
    expect(masker.text('short äöüßé')).toBe('short äöüßé');
  });

  it('counts characters, not bytes, and masks what is not ASCII', () => {
    expect(createMasker(['äöüßéñ']).text('[äöüßéñ]')).toBe('[***]');
  });

  it('masks each long line of a multi-line value, and the value as the container sees it in its environment', () => {
    const masker = createMasker(['-----BEGIN KEY-----\r\nc2VjcmV0\nab\n']);
    expect(masker.text('x\n-----BEGIN KEY-----\nc2VjcmV0 y\nab\n')).toBe('x\n***\n*** y\nab\n');
    expect(createMasker(['abc\ndef']).text('KEY=abc\\ndef and abc\ndef')).toBe('KEY=*** and ***');
  });

  it('masks base64 of a value at each alignment, in both alphabets and broken into lines', () => {
    const secret = 'p>p?p>>>???ss';
    const masker = createMasker([secret]);
    for (const text of [secret, `u:${secret}`, `uu:${secret}:tail`, `uuuu${secret}\n`]) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const shown = masker.text(Buffer.from(text).toString(encoding));
        expect(shown).toContain('***');
        expect(Buffer.from(shown, encoding).toString('latin1')).not.toContain(secret.slice(1, -1));
        expect(shown.replace('***', '').length).toBeLessThanOrEqual(14);
      }
    }
    const long = 'k3y'.repeat(60);
    const broken = Buffer.from(long).toString('base64').replace(/.{76}/g, '$&\n');
    expect(createMasker([long]).text(broken)).toBe('***\n***\n***\n***');
  });

  it('masks a value as it stands in a URL', () => {
    expect(createMasker(['p@ss/word']).text('https://u:p%40ss%2Fword@host/')).toBe('https://u:***@host/');
  });

  it('makes one mask of values that overlap, and prefers the longer of two at one place', () => {
    const masker = createMasker(['abcdefgh', 'efghijkl', 'abcdefghXYZ']);
    expect(masker.text('<abcdefghijkl>')).toBe('<***>');
    expect(masker.text('<abcdefghXYZ>')).toBe('<***>');
    expect(masker.text('<abcdefghXY>')).toBe('<***XY>');
  });

  it('gives the same bytes wherever a console is cut', () => {
    const masker = createMasker(['secret-one', 'one-and-two', 'aaaaaa', 'line one\nline two\nx', 'secret-one-longer']);
    const text = Buffer.from(
      'aaaaaaa secret-one-and-two secret-one-long secret-one-longer line one\nline two\nxsecret-on\xff\0',
    );
    const whole = inPieces(masker, text, []);
    expect(whole).not.toContain('secret-one');
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        expect(inPieces(masker, text, [first, second])).toBe(whole);
      }
    }
    expect(inPieces(masker, text, [...text.keys()])).toBe(whole);
  });

  it('gives the same bytes wherever large pieces are cut, in long secrets and in those with many line breaks', () => {
    const long = 'long-secret-'.repeat(40);
    const short = 'a-short-secret-of-some-words';
    const broken = [...Buffer.from(short).toString('base64')].join('\n'.repeat(30));
    const text = `${'-'.repeat(900)}${long}${long.slice(0, 200)}${broken}${'='.repeat(900)}${short}${'-'.repeat(900)}`;
    const masker = createMasker([long, short]);
    const bytes = Buffer.from(text);
    const whole = inPieces(masker, bytes, []);
    expect(whole.replaceAll('\n', '')).toMatch(/^-{900}(\*\*\*)+={900}\*\*\*-{900}$/);
    for (let cut = 1; cut < bytes.length; cut += 5) {
      expect(inPieces(masker, bytes, [cut]).replaceAll('***', '')).toBe(whole.replaceAll('***', ''));
    }
  });

  it('holds nothing back that cannot become a secret', () => {
    const stream = createMasker(['secret']).stream();
    expect(Buffer.concat(stream.write(Buffer.from('prompt> '))).toString()).toBe('prompt> ');
    expect(Buffer.concat(stream.write(Buffer.from('a sec'))).toString()).toBe('a ');
    expect(Buffer.concat(stream.write(Buffer.from('t'))).toString()).toBe('sect');
    expect(stream.end()).toEqual([]);
  });

  it("keeps no run back that prints a secret's first characters, and then only empty lines", () => {
    const secret = 'a-secret-of-some-words';
    const begin = Buffer.from(secret).toString('base64').slice(0, 4);
    const lines = Buffer.from('\n'.repeat(512 * 1024));
    for (const text of [Buffer.from(begin), Buffer.from(begin[0] as string), Buffer.alloc(0)]) {
      const stream = createMasker([secret]).stream();
      const shown = [text, lines, lines].flatMap((piece) => stream.write(piece));
      expect(Buffer.concat(shown).equals(Buffer.concat([text, lines, lines]))).toBe(true);
    }
  });

  it('leaves bytes that are no text as they are', () => {
    const bytes = Buffer.from([...Array(512).keys()].map((n) => (n * 7) & 0xff));
    const stream = createMasker(['never-here']).stream();
    expect(Buffer.concat([...stream.write(bytes), ...stream.end()])).toEqual(bytes);
  });

  it('masks every string of a value and keeps its keys and its other types', () => {
    const masker = createMasker(['hunter22']);
    const value = JSON.parse('{"hunter22": ["is hunter22", 1, null, true], "__proto__": {"a": "hunter22"}}');
    expect(JSON.stringify(masker.values(value))).toBe('{"hunter22":["is ***",1,null,true],"__proto__":{"a":"***"}}');
  });

  it.each([
    ['JSON', JSON.stringify({ key: 'p"w\\d/\u00e9 x' }), 'p"w\\d/\u00e9 x'],
    ['JSON of Python', '"p\\"wd \\u00e9"', 'p"wd \u00e9'],
    ['JSON with escaped slashes', '"https:\\/\\/u"', 'https://u'],
    ['XML text', '<a>p&amp;ss&lt;word"</a>', 'p&ss<word"'],
    ['an XML attribute', '<a b="p&amp;ss&quot;w\'"/>', 'p&ss"w\''],
    ['an XML attribute with apostrophes', "<a b='p&amp;ss&#39;w'/>", "p&ss'w"],
    ['a form', 'a=p%40ss+word&b', 'p@ss word'],
    ['set -x of bash', "+ curl -u 'pa ss'\\''word'", "pa ss'word"],
    ['set -x of busybox', `+ curl -u 'pa ss'"'"'word'`, "pa ss'word"],
  ])('masks a value as it stands in %s', (_, text, secret) => {
    const shown = createMasker([secret]).text(text);
    expect(shown).toContain('***');
    expect(shown.replace('***', '')).not.toMatch(/ss|wd|\/\/|word/);
  });

  it('masks a value as bash quotes it', () => {
    for (const secret of [
      'a b$c;d',
      '~tilde|x',
      '#hash(y)',
      "it's \\ here",
      "line\none's",
      'p{a,b}[c]?*',
      'tab\tbed!^`"',
    ]) {
      const quoted = execFileSync('bash', ['-c', 'printf %q "$1"', 'bash', secret]).toString();
      expect(createMasker([secret]).text(`<${quoted}>`)).toMatch(/^<(\$')?\*\*\*'?>$/);
    }
  });

  it('masks base64 that is broken into lines wherever the value stands in it', () => {
    const secret = 'a-token-that-is-secret-and-longer-than-a-line-of-base64-so-that-it-is-broken-twice-or-so';
    const masker = createMasker([secret]);
    for (let before = 0; before < 80; before++) {
      const lines =
        Buffer.from(`${'x'.repeat(before)}${secret}\n`)
          .toString('base64')
          .match(/.{1,76}/g) ?? [];
      for (const end of ['\n', '\r\n']) {
        const shown = masker.text(lines.join(end));
        expect(Buffer.from(shown.replaceAll('***', ''), 'base64').toString()).not.toMatch(/token|secret|longer|broken/);
        expect(shown.split(end)).toHaveLength(lines.length);
      }
    }
  });

  it('masks the whole of a value that is longer than any line, and what begins like it', () => {
    const secret = Array.from({ length: 20_000 }, (_, n) => n.toString(36)).join('.');
    const masker = createMasker([secret]);
    const text = Buffer.from(`<${secret}> <${secret.slice(0, 5_000)}!>`);
    expect(inPieces(masker, text, [])).toBe('<***> <***!>');
    expect(inPieces(masker, text, [3, 100, 129, 4096, 40_000])).toBe('<***> <***!>');
    const encoded = Buffer.from(secret).toString('base64').replace(/.{76}/g, '$&\n');
    expect(masker.text(encoded).replace(/\*\*\*|\n/g, '')).toMatch(/^=*$/);
  });

  it('finds each of many values in a long text, at any place of it', () => {
    const secrets = Array.from({ length: 300 }, (_, n) => `token-${(n * 7_919_113).toString(36)}-${n ** 5}`);
    const masker = createMasker(secrets);
    for (let place = 0; place < 1_200; place += 7) {
      const secret = secrets[place % 300] ?? '';
      const text = `${'-'.repeat(place)}${secret}${'='.repeat(1_500 - place)}`;
      expect(masker.text(text)).toBe(text.replace(secret, '***'));
      expect(inPieces(masker, Buffer.from(text), [place + 3, place + 9])).toBe(text.replace(secret, '***'));
      const lines = Buffer.from(text).toString('base64').replace(/.{64}/g, '$&\n');
      expect(Buffer.from(masker.text(lines).replaceAll('***', ''), 'base64').toString()).not.toContain(
        secret.slice(3, -3),
      );
    }
  });

  it('finds what a plain search finds, for many values that have beginnings and ends in common', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    const word = (length: number) => Array.from({ length }, () => 'abc'[random(3)]).join('');
    for (let round = 0; round < 60; round++) {
      const secrets = Array.from({ length: 1 + random(12) }, () => word(6 + random(5)));
      const text = word(2_000);
      const cuts = [...new Set(Array.from({ length: random(6) }, () => random(2_000)))].sort((a, b) => a - b);
      expect(inPieces(createMasker(secrets), Buffer.from(text), cuts)).toBe(plainly(secrets, text));
    }
  });
});

/** Overlapping matches become one mask. */
function plainly(secrets: string[], text: string): string {
  let out = '';
  let done = 0;
  for (let start = 0; start < text.length; start++) {
    const length = Math.max(0, ...secrets.filter((one) => text.startsWith(one, start)).map((one) => one.length));
    if (start >= done && length > 0) out += '***';
    if (length > 0) done = Math.max(done, start + length);
    if (start >= done) out += text[start];
  }
  return out;
}
