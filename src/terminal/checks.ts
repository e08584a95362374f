/** What `doctor` found, a check a line, with the repair under it. */
import { plainLine } from '../lib/sanitise.js';
import type { Style } from './style.js';

interface ShownCheck {
  name: string;
  state: 'works' | 'note' | 'broken';
  found: string;
  repair?: string;
}

export function renderCheck({ name, state, found, repair }: ShownCheck, style: Style): string {
  const mark = { works: style.green('ok    '), note: style.yellow('note  '), broken: style.red('broken') }[state];
  const first = `${mark}  ${style.bold(plainLine(name))}: ${plainLine(found)}\n`;
  return repair === undefined ? first : `${first}        ${plainLine(repair)}\n`;
}
