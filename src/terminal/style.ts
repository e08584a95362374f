import { Chalk } from 'chalk';

/** Emphasis for text; each function answers the text as it is where there are no colours. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
  cyan(text: string): string;
}

const same = (text: string): string => text;
const PLAIN: Style = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

/** Whether a stream shows colours: a terminal, no `NO_COLOR`, not a dumb one. */
export function hasColours(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** The style of a stream. */
export function styleFor(stream: { isTTY?: boolean }): Style {
  return hasColours(stream) ? new Chalk({ level: 1 }) : PLAIN;
}
