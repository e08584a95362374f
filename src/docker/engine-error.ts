/** What the engine's client throws, made readable: the engine's own words, or why it could not be asked. */
import { RunFailure } from '../executor/ports.js';

interface ClientError extends Error {
  /** HTTP status of the engine's refusal; absent when there was no answer. */
  statusCode?: number;
  /** The system's error, `ECONNREFUSED`. */
  code?: string;
  json?: { message?: unknown } | null;
}

export function statusOf(error: unknown): number | undefined {
  return (error as ClientError).statusCode;
}

/** No answer came: the socket is gone, refuses, was cut, or stayed silent for too long. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Error && statusOf(error) === undefined;
}

/** The engine's message without the client's wrapping; for a connection that failed, the system's. */
export function engineWords(error: unknown): string {
  const { json, message, name } = error as ClientError;
  if (typeof json?.message === 'string') return sentence(json.message);
  if (name === 'TimeoutError' || name === 'AbortError') return 'it did not answer in time';
  return sentence(message.replace(/^\(HTTP code \d+\) [a-z ]+ - /, ''));
}

function sentence(text: string): string {
  return text.trim().replace(/\.$/, '');
}

/** A refusal is a matter of the run's set-up; an engine that does not answer is the environment's. */
export function setupFailure(what: string, error: unknown): RunFailure {
  if (!isUnreachable(error)) return new RunFailure('setup', `${what}: ${engineWords(error)}.`, { cause: error });
  return new RunFailure(
    'setup',
    `${what}: the container engine cannot be reached (${engineWords(error)}). Check that it is running, then start the run again.`,
    { environment: 'engine', cause: error },
  );
}
