/**
 * The shapes of a JobServ server's answers: jsend, and plain text where its web framework answers by itself.
 * The run's server of a simulation and the live server of the tests both use them; the tests hold the latter
 * to the reference server, so the two cannot drift.
 */
import TYPES from './content-types.json' with { type: 'json' };

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** Ends the handling of a request with an answer. */
export class Refusal extends Error {
  readonly answer: HttpAnswer;

  constructor(answer: HttpAnswer) {
    super(`${answer.status}`);
    this.answer = answer;
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const HTML_TYPE = { 'content-type': 'text/html; charset=utf-8' };

export function success(data: unknown, status = 200): HttpAnswer {
  return { status, headers: { ...JSON_TYPE }, body: JSON.stringify({ status: 'success', data }) };
}

/** `{status: 'error', message}`. */
export function failure(status: number, message: string): HttpAnswer {
  return { status, headers: { ...JSON_TYPE }, body: JSON.stringify({ status: 'error', message }) };
}

/** `{status: 'error', data}`: the other shape of an error, with `data.message` or with nothing. */
export function failureData(status: number, data: object): HttpAnswer {
  return { status, headers: { ...JSON_TYPE }, body: JSON.stringify({ status: 'error', data }) };
}

/** Text with an HTML type: the web framework's own answer. */
export function frameworkText(status: number, body: string, headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers: { ...HTML_TYPE, ...headers }, body };
}

/** Any error that the server does not handle: a 500 with jsend. */
export function serverError(reason: string): HttpAnswer {
  return failureData(500, { message: 'unforeseen', error_msg: reason });
}

/** No such run, test or route. */
export function notFound(): HttpAnswer {
  return failure(404, 'Not Found');
}

/** No such project, build or worker: the path is quoted. */
export function noObject(path: string): HttpAnswer {
  return failure(404, `No such object: ${path}`);
}

/** The storage has no such file, and the server did not check beforehand. */
export function noFile(): HttpAnswer {
  return failureData(404, { message: 'no such file' });
}

/** The headers of a stored file. It is streamed whole: range requests are ignored. */
export function fileHeaders(type: string): Record<string, string> {
  const charset = type.startsWith('text/') ? '; charset=utf-8' : '';
  return { 'content-type': `${type}${charset}`, 'cache-control': 'no-cache' };
}

/** A stored file as an answer. @public */
export function file(body: Buffer, type: string, headers: Record<string, string> = {}): HttpAnswer {
  return { status: 200, headers: { ...fileHeaders(type), ...headers }, body };
}

const BY_EXTENSION = new Map(
  Object.entries(TYPES).flatMap(([type, extensions]) => extensions.split(' ').map((extension) => [extension, type])),
);

/** Short for a type and a compression. */
const SUFFIXES: Readonly<Record<string, string>> = {
  svgz: '.svg.gz',
  taz: '.tar.gz',
  tbz2: '.tar.bz2',
  tgz: '.tar.gz',
  txz: '.tar.xz',
  tz: '.tar.gz',
};

/** Of a compressed file the type is that of its name without the compression. */
const COMPRESSION = /\.(?:gz|bz2|xz|br|Z)$/;

/**
 * The content type that a server derives from a file's name: that of Python's `mimetypes`, plus `.log`.
 *
 * @returns `''` when the name has no extension, or one that is not known
 */
export function contentType(path: string): string {
  const plain = path.replace(/\.([^./]+)$/, (whole, suffix: string) => SUFFIXES[suffix.toLowerCase()] ?? whole);
  const [, extension = ''] = /[^/]\.([^./]+)$/.exec(plain.replace(COMPRESSION, '')) ?? [];
  return BY_EXTENSION.get(extension.toLowerCase()) ?? '';
}
