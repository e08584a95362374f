import { describe, expect, it } from 'vitest';
import {
  escapeInJson,
  HarmlessText,
  plainLine,
  printable,
  printableLines,
  withoutSequences,
} from '../../../src/lib/index.js';

function shown(text: string | Buffer, pieces = 1): string {
  const filter = new HarmlessText();
  const bytes = Buffer.from(text);
  const size = Math.ceil(bytes.length / pieces);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(filter.write(bytes.subarray(at, at + size)));
  return Buffer.concat(out).toString();
}

const DANGEROUS = {
  'a clipboard write (OSC 52)': '\x1b]52;c;ZXZpbA==\x07',
  'a title ended by ST': '\x1b]0;title\x1b\\',
  'a device control string': '\x1bP$q"p\x1b\\',
  'an application command': '\x1b_Gi=1\x1b\\',
  'a cursor report': '\x1b[6n',
  'a device attributes question': '\x1b[c',
  'a cursor move': '\x1b[10;10H',
  'the alternate screen': '\x1b[?1049h',
  'a window report': '\x1b[21t',
  'a private SGR-like sequence': '\x1b[>4;1m',
  'a reset': '\x1bc',
  'a character set': '\x1b(0',
  'an answerback question': '\x05',
  'an 8-bit CSI': Buffer.from([0x9b, 0x36, 0x6e]),
  'an 8-bit OSC': Buffer.concat([Buffer.from([0x9d]), Buffer.from('0;title'), Buffer.from([0x9c])]),
  'an OSC in UTF-8': '\u009d0;title\u0007',
  'a CSI in UTF-8': '\u009b6n',
};

describe('a console on a terminal', () => {
  for (const [what, sequence] of Object.entries(DANGEROUS)) {
    it(`loses ${what}, wherever it is cut`, () => {
      const bytes = Buffer.concat([Buffer.from('before '), Buffer.from(sequence), Buffer.from('after\n')]);
      for (let pieces = 1; pieces <= bytes.length; pieces++) expect(shown(bytes, pieces)).toBe('before after\n');
    });
  }

  it('keeps colours, erased lines, tabs, returns and characters of every language', () => {
    const text = '\x1b[1;31mred\x1b[0m\r\x1b[Kdone\tü 漢 🎉\b\n';
    for (let pieces = 1; pieces <= 40; pieces++) expect(shown(text, pieces)).toBe(text);
  });

  it('shows what follows a sequence that never ends from the next line on', () => {
    expect(shown('\x1b]0;never ended\nnext\n')).toBe('\nnext\n');
    expect(shown(`\x1b[${'1;'.repeat(500)}mtext`)).toBe('text');
  });

  it('drops bytes that are no character', () => {
    expect(shown(Buffer.from([0x61, 0xff, 0xc3, 0x62, 0x80, 0x63]))).toBe('abc');
  });

  it('takes back the colours that a script left on, and only then', () => {
    const filter = new HarmlessText();
    filter.write(Buffer.from('plain'));
    expect(filter.end().toString()).toBe('');
    filter.write(Buffer.from('\x1b[31mred'));
    expect(filter.end().toString()).toBe('\x1b[0m');
  });

  it('makes one line of a text that is somebody else’s', () => {
    expect(plainLine('a\r\nb\x1b]0;t\x07c')).toBe('a bc');
  });
});

describe('a text of others', () => {
  const MARKS = '\u001b\u007f\u009b\u061c\u200e\u200f\u2028\u202a\u202e\u2066\u2069\ufeff';

  it('leaves no line in a message that a forge obeys', () => {
    expect(printableLines('no run r\n::error file=a::b\n  ::stop-commands::x, a::b and ##[error]c')).toBe(
      'no run r\n: :error file=a::b\n  : :stop-commands::x, a::b and # #[error]c',
    );
  });

  it('is on one line with each character in its column', () => {
    expect(printable('a\u001b[0m\nb')).toBe('a\u241b[0m\u240ab');
    expect(printable(MARKS)).toBe(`\u241b${'\ufffd'.repeat(MARKS.length - 1)}`);
  });

  it('is on one line without its colours', () => {
    expect(plainLine('\u001b[31mred\u001b[0m\u202e')).toBe('red\ufffd');
  });

  it('is without its sequences, and keeps the rest', () => {
    const sequences = [
      '\u001b[1;31m',
      '\u009b2K',
      '\u001b]8;;http://x\u0007',
      '\u001b]0;t\u001b\\',
      '\u001b(B',
      '\u001bM',
    ];
    expect(withoutSequences(sequences.map((one) => `a${one}b`).join('\n'))).toBe('ab\nab\nab\nab\nab\nab');
    expect(withoutSequences('\u0001 \u001b')).toBe('\u0001 \u001b');
    expect(withoutSequences('a\u001b]0;never ended')).toBe('a0;never ended');
  });

  it.each([';#', '#', '[', '1;', '\u001b]', '\u009b0'])('is searched once, whatever follows an escape: %j', (part) => {
    const text = part.repeat(1_000_000);
    expect(withoutSequences(`\u001b${text}\n`).length).toBeLessThanOrEqual(text.length + 2);
  });

  it('stays the same value in JSON, and does nothing on a terminal', () => {
    const json = escapeInJson(JSON.stringify(MARKS));
    expect(json).toMatch(/^[ -~]+$/);
    expect(JSON.parse(json)).toBe(MARKS);
  });
});
