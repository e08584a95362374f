import { stripVTControlCharacters } from 'node:util';

/** A console line without what differs from one run to the next though nothing went otherwise. */

const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun';

/** In this order: what is longer, and says more, comes first. */
const CHANGING: readonly [RegExp, string][] = [
  // Times: ISO 8601 and its like, what `date` and HTTP write, a clock alone, seconds since 1970.
  [
    /\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?(?: ?(?:Z|UTC|GMT)\b| ?[+-]\d{2}:?\d{2}\b)?/g,
    '<time>',
  ],
  [
    new RegExp(
      `\\b(?:${DAYS}),? +(?:\\d{1,2} )?(?:${MONTHS}) +(?:\\d{1,2} +)?(?:\\d{4} +)?\\d{2}:\\d{2}:\\d{2}(?: +[A-Z]{3,4})?(?: +\\d{4})?`,
      'g',
    ),
    '<time>',
  ],
  [new RegExp(`\\b(?:${MONTHS}) +\\d{1,2} +(?:\\d{2}:\\d{2}(?::\\d{2})?|\\d{4})\\b`, 'g'), '<time>'],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, '<time>'],
  [/\b1[5-9]\d{8}(?:\.\d+)?\b|\b1[5-9]\d{11}\b|\b1[5-9]\d{17}\b/g, '<time>'],
  // Ids and addresses; those of a container come from the network that its engine made.
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, '<id>'],
  [/\b172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}\b/g, '<host>'],
  [/(\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0)|\[::1?\]|<host>):\d{4,5}\b/g, '$1:<port>'],
  [/\b(port)([ :=#]+)\d{4,5}\b/gi, '$1$2<port>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]+\b/gi, '<address>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,128}\b/gi, '<id>'],
  // Durations and rates.
  [/\b\d+m ?\d+(?:\.\d+)?s\b/g, '<duration>'],
  [/\b\d+(?:[.,]\d+)? ?(?:[kKMGT]i?B|bytes|B)\/s(?:ec)?\b/g, '<rate>'],
  [/\b\d+(?:[.,]\d+)? ?(?:ns|[uµμ]s|ms|s|secs?|seconds?|m|mins?|minutes?)\b/g, '<duration>'],
  // Temporary files.
  [/\/(?:var\/)?tmp\/[^\s'"`)\]},;:]+/g, '<temporary>'],
  [/\b(pid|PID|process)([ :=#]+)\d+\b/g, '$1$2<id>'],
  [/\btmp\.[A-Za-z0-9]{6,}\b/g, '<temporary>'],
  // How far a build is, before what it does next.
  [/^\[ *\d{1,3}%\]/, '<percent>'],
];

/** A line that only shows how far something is: a bar, a percentage alone, or one with what has come and how fast. */
const PROGRESS = [
  /\[[=#>.\-\s█▏▎▍▌▋▊▉░▒▓|]{3,}\]/,
  /^\W*\d{1,3}(?:\.\d+)?%\W*$/,
  /\b\d{1,3}(?:\.\d+)?%.*(?:\(\d+\/\d+\)|\d ?(?:[kKMGT]i?B|bytes|B)\/s)/,
];

/** Names that only one of the two runs has, in its lines → what stands for them in both. */
export type Names = ReadonlyMap<string, string>;

/** @returns the line to compare; undefined for one that only shows how far something is */
export function normaliseLine(text: string, names: Names = new Map()): string | undefined {
  // Of a line that was written over again and again the last is what counts.
  const shown = text.replace(/\r+$/, '');
  let line = stripVTControlCharacters(shown.slice(shown.lastIndexOf('\r') + 1));
  if (PROGRESS.some((pattern) => pattern.test(line))) return undefined;
  for (const [name, placeholder] of names) line = line.replaceAll(name, placeholder);
  for (const [pattern, placeholder] of CHANGING) line = line.replace(pattern, placeholder);
  return line.trimEnd();
}
