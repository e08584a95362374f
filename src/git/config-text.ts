/** Text of git configuration files, so that no value, and no secret, ever stands in an argument. */
import { RunFailure } from '../executor/ports.js';

/** `[section "subsection"]`, with the two characters escaped that git escapes there. */
export function configSection(section: string, subsection: string): string {
  return `[${section} "${oneLine(subsection, section).replace(/[\\"]/g, '\\$&')}"]\n`;
}

/** One line of a section, written as git itself writes it: quoted only where it must be. */
export function configLine(key: string, value: string): string {
  const escaped = oneLine(value, key).replace(/[\\"]/g, '\\$&').replace(/\t/g, '\\t');
  const quote = /^ |[;#]| $/.test(value) ? '"' : '';
  return `\t${key} = ${quote}${escaped}${quote}\n`;
}

function oneLine(value: string, name: string): string {
  if (/[\n\r\0]/.test(value)) throw new RunFailure('setup', `A value for git's ${name} has a line break in it.`);
  return value;
}
