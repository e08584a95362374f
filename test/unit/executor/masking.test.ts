import { describe, expect, it } from 'vitest';
import { createMasker, type Masker } from '../../../src/executor/masking.js';

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

  it('holds nothing back that cannot become a secret', () => {
    const stream = createMasker(['secret']).stream();
    expect(Buffer.concat(stream.write(Buffer.from('prompt> '))).toString()).toBe('prompt> ');
    expect(Buffer.concat(stream.write(Buffer.from('a sec'))).toString()).toBe('a ');
    expect(Buffer.concat(stream.write(Buffer.from('t'))).toString()).toBe('sect');
    expect(stream.end()).toEqual([]);
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
});
