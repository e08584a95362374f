import { YamlFault } from './problem.js';

/**
 * The text of a file. The reference client opens it as UTF-8, byte order mark kept. When the bytes are no UTF-8
 * the text has U+FFFD where they are wrong, and `fault` tells the first such place.
 */
export function decode(input: string | Uint8Array): { text: string; fault?: YamlFault } {
  if (typeof input === 'string') return { text: input };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input) };
  } catch {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
    const at = firstFault(input, text);
    const help = isUtf16(input) ? 'It looks like UTF-16. Save it as UTF-8.' : 'Save it as UTF-8.';
    return { text, fault: new YamlFault('The file is not UTF-8 here.', at, at + 1, help) };
  }
}

/** Offset of the first U+FFFD in `text` that does not stand for itself in the bytes. */
function firstFault(bytes: Uint8Array, text: string): number {
  const encoder = new TextEncoder();
  let consumed = 0;
  let from = 0;
  for (;;) {
    const at = text.indexOf('\ufffd', from);
    if (at < 0) return text.length;
    consumed += encoder.encode(text.slice(from, at)).length;
    if (bytes[consumed] !== 0xef || bytes[consumed + 1] !== 0xbf || bytes[consumed + 2] !== 0xbd) return at;
    consumed += 3;
    from = at + 1;
  }
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}
