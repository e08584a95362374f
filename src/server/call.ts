/** One call over HTTP, and its answer, as the verbs write and read them. */
import type { Readable } from 'node:stream';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Bytes, or pieces of a known length together; a function, so that another try begins at its start. A piece's
 * memory is the body's own again when the next one is asked for. A piece that makes no headway in the time
 * for an answer ends the try, so that none should be larger than 64 KiB; one that is smaller than
 * that, but for the last, may still be on its way when the next is asked for.
 */
export type Body = string | Uint8Array | { bytes: number; open(): AsyncIterable<Uint8Array> };

export interface Call {
  method: Method;
  /** Absolute, http or https. */
  url: string;
  /** What is to be done, after "Could not": `read the run`. */
  what: string;
  /** The address as messages show it; by default without its query. For URLs that are secrets themselves. */
  shown?: string;
  headers?: Readonly<Record<string, string>>;
  /** What to do about a streamed answer that is too long, a sentence. */
  tooLong?: string;
  /** How to say who asks, a sentence for those who were not let in; by default the flags of a server's readers. */
  logIn?: string;
  body?: Body;
  /** Statuses that are an answer; any other is a `ServerFailure`. 200 by default. */
  expect?: readonly number[];
  /** Of what the answer is, for messages about one that is something else: JSON by default. */
  accept?: 'json' | 'any';
  /**
   * Whether the server may get it twice. By default all but POST; a POST is tried again only
   * when the server surely has not acted on it.
   */
  repeatable?: boolean;
  /** false: one try, whatever happens. */
  retry?: boolean;
  signal?: AbortSignal | undefined;
  limits?: Partial<CallLimits>;
}

/** Milliseconds. */
export interface CallLimits {
  /** Until there is a connection, TLS included. */
  connect: number;
  /** From the last byte sent to the answer's first line; a body that makes no headway counts too. */
  answer: number;
  /** Between two pieces of the answer's body. */
  idle: number;
  /** One try of a buffered call, from its start to the answer's last byte; of a streamed one, its body. */
  total: number;
  /** The body of a streamed answer, bytes; 1 GiB by default. */
  bytes?: number;
}

/** What an answer says before its body. Names are lower case; of redirects, a header that the last answer lacks is from an earlier one. */
export interface AnswerHead {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects. */
  url: string;
}

export interface Answer extends AnswerHead {
  body: Buffer;
}

/** The body is to be read to its end, or destroyed. An error in it is a `ServerFailure`. */
export interface StreamedAnswer extends AnswerHead {
  body: Readable;
}
