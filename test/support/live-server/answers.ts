/** What the live server answers, in the shapes of the reference server: jsend, and plain text where Flask itself speaks. */

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** Ends the handling of a request with an answer. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`${answer.status}`);
    this.answer = answer;
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const HTML_TYPE = { 'content-type': 'text/html; charset=utf-8' };

export function success(data: unknown, status = 200): Answer {
  return { status, headers: { ...JSON_TYPE }, body: JSON.stringify({ status: 'success', data }) };
}

/** `{status: 'error', message}`. */
export function failure(status: number, message: string): Answer {
  return { status, headers: { ...JSON_TYPE }, body: JSON.stringify({ status: 'error', message }) };
}

/** `{status: 'error', data}`: the other shape of an error, with `data.message` or with nothing. */
export function failureData(status: number, data: object): Answer {
  return { status, headers: { ...JSON_TYPE }, body: JSON.stringify({ status: 'error', data }) };
}

/** Text under an HTML type, as Flask answers by itself. */
export function spoken(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...HTML_TYPE, ...headers }, body };
}

/** Whatever the reference did not foresee is a 500 with jsend. */
export function unforeseen(reason: string): Answer {
  return failureData(500, { message: 'unforeseen', error_msg: reason });
}

/** No such run, test or route. */
export function notFound(): Answer {
  return failure(404, 'Not Found');
}

/** No such project, build or worker: the path is quoted. */
export function noObject(path: string): Answer {
  return failure(404, `No such object: ${path}`);
}

/** No such file in the storage, where the reference did not look for it. */
export function noFile(): Answer {
  return failureData(404, { message: 'no such file' });
}

/** A stored file: streamed, never a part of it, whatever was asked. */
export function file(body: Buffer, type: string, headers: Record<string, string> = {}): Answer {
  const charset = type.startsWith('text/') ? '; charset=utf-8' : '';
  const own = { 'content-type': `${type}${charset}`, 'cache-control': 'no-cache' };
  return { status: 200, headers: { ...own, ...headers }, body };
}
