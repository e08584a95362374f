/** A server's word on a definition (SPEC 5). */
import type { HttpClient } from './http.js';
import { ServerFailure } from './server-failure.js';

export type ServerVerdict = { accepted: true } | { accepted: false; message: string };

/**
 * Asks a server what it would say of a definition.
 *
 * @param server its address; a path in it stays
 * @param json the definition as JSON text, as PyYAML's loader and `json.dumps` would make it
 * @throws ServerFailure when there is no verdict to be had
 */
export async function validateDefinition(
  http: HttpClient,
  server: string,
  json: string,
  signal?: AbortSignal,
): Promise<ServerVerdict> {
  try {
    await http.send({
      method: 'POST',
      url: `${server.replace(/\/*$/, '')}/simulator-validate`,
      what: 'ask the server about the definition',
      body: json,
      headers: { 'content-type': 'application/json' },
      // It reads and answers, and keeps nothing.
      repeatable: true,
      signal,
    });
    return { accepted: true };
  } catch (error) {
    if (!(error instanceof ServerFailure) || error.status !== 400) throw error;
    return { accepted: false, message: error.said ?? 'The server gives no reason.' };
  }
}
