/**
 * `--report x.html`: one page with everything about the runs, which needs no network and no other file. Consoles
 * stand in it compressed, so that one of 100 MB can be opened; what a run printed is never HTML of the page.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Test } from '../schema/index.js';
import PAGE from './generated/report-page.json' with { type: 'json' };

/** A console of a run: the local one, or for `reproduce` the server's and the local one. */
export interface ReportedConsole {
  path: string;
  title?: string;
  /** The line, from 0, at which the two consoles of a run part. */
  firstDifference?: number;
}

/** A run as `simulate --json` has it, with what else the page shows. */
export interface ReportedRun {
  /** `trigger/run`. */
  label: string;
  status: string;
  cause?: string;
  message?: string;
  startedAt?: string;
  durationMs?: number;
  phases?: { name: string; durationMs: number }[];
  tests?: Test[];
  artifacts?: readonly { path: string; sizeBytes: number }[];
  fidelity?: { exact: boolean; differences: readonly { message: string }[] };
  /** For `reproduce`: what differs from the run of the server, a sentence each. */
  differs?: string[];
  /** The command that runs it again, ready to paste. */
  command?: string;
  consoles: ReportedConsole[];
}

export interface HtmlReport {
  title: string;
  status: string;
  /** One sentence. */
  summary: string;
  /** When, by which version. */
  made: string;
  runs: ReportedRun[];
}

export const writeHtmlReport = (report: HtmlReport, path: string) => writeWhole(pageOf(report), path);

/**
 * Writes a file that is there as a whole or not at all.
 *
 * @throws the file system's error when it cannot be written
 */
export async function writeWhole(
  content: AsyncIterable<string | Buffer> | Iterable<string>,
  path: string,
): Promise<void> {
  // A name that nobody can foresee, for a new file: in a folder of others a link may wait under any other.
  const next = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await pipeline(content, createWriteStream(next, { flags: 'wx' }));
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

async function* pageOf(report: HtmlReport): AsyncGenerator<string | Buffer> {
  const consoles: { id: string; path: string }[] = [];
  const runs = report.runs.map((run, index) => ({
    ...run,
    consoles: run.consoles.map(({ path, ...shown }, side) => {
      const id = `console-${index}${run.consoles.length > 1 ? `-${side}` : ''}`;
      consoles.push({ id, path });
      return { id, ...shown };
    }),
  }));
  const policy = `default-src 'none'; script-src '${hash(PAGE.script)}'; style-src '${hash(PAGE.style)}'; base-uri 'none'`;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(report.title)}</title>
<style>${PAGE.style}</style>
</head>
<body>
<main><noscript>This report needs JavaScript.</noscript></main>
`;
  yield '<script type="application/json" id="report">';
  const { runs: _, ...rest } = report;
  yield* scriptText(rest, (json) => `${json.slice(0, -1)},"runs":[`);
  for (const [index, run] of runs.entries()) yield* scriptText(run, (json) => (index === 0 ? json : `,${json}`));
  yield ']}</script>\n';
  for (const { id, path } of consoles) {
    yield `<script type="application/gzip" id="${id}">`;
    yield* compressed(path);
    yield '</script>\n';
  }
  yield `<script>${PAGE.script}</script>\n</body>\n</html>\n`;
}

/** A file as gzip in base64; an absent one as nothing. */
async function* compressed(path: string): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const gzip = createGzip({ level: 3 });
  const text = gzip.pipe(base64());
  file.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? gzip.end() : text.destroy(error)));
  file.pipe(gzip);
  yield* text as AsyncIterable<string>;
}

/** Base64 of a stream: each piece begins at a multiple of three bytes. */
function base64(): Transform {
  let rest = Buffer.alloc(0);
  return new Transform({
    encoding: 'latin1',
    transform(chunk: Buffer, _encoding, done) {
      const bytes = Buffer.concat([rest, chunk]);
      const whole = bytes.length - (bytes.length % 3);
      rest = bytes.subarray(whole);
      done(null, bytes.toString('base64', 0, whole));
    },
    flush(done) {
      done(null, rest.toString('base64'));
    },
  });
}

const PIECE = 1024 * 1024;

/** JSON that no HTML parser takes for the end of its element; in pieces, since all of it may be longer than a text can be. */
function* scriptText(value: unknown, framed: (json: string) => string): Generator<string> {
  const json = framed(JSON.stringify(value));
  for (let at = 0, end = 0; at < json.length; at = end) {
    end = Math.min(at + PIECE, json.length);
    // The two halves of a character outside of the BMP stay together.
    if (/[\udc00-\udfff]/.test(json[end] ?? '')) end--;
    yield json.slice(at, end).replaceAll('<', '\\u003c');
  }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
