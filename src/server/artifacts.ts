/** Artifacts of a run, on their way to where the server keeps them (SPEC 5). */
import { objectOf } from '../lib/index.js';
import { parseHttpUrl } from './address.js';
import type { Body, Call } from './call.js';
import type { RunCredentials } from './console.js';
import { notJobserv } from './failure-messages.js';
import type { HttpClient } from './http.js';
import { jsendData } from './jsend.js';

/** The most names that a server signs at once (SPEC 5). */
export const MOST_NAMES = 75;

/**
 * Bounded by the progress that it makes, not by its size. What the kernel has taken may be on its way for
 * minutes on a slow line, and a proxy that has it all still has to hand it on.
 */
const UPLOAD_LIMITS = { answer: 5 * 60_000, total: 6 * 60 * 60_000 };

export interface SignedUpload {
  url: string;
  contentType: string;
}

/**
 * Where to put these files; valid for half an hour, or what the server decides. Idempotent.
 *
 * @param names at most 75
 * @returns by name; a name that the server left out is not there
 */
export async function createSigned(
  http: HttpClient,
  { runUrl, apiKey }: RunCredentials,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, SignedUpload>> {
  if (names.length > MOST_NAMES)
    throw new RangeError(`a server signs ${MOST_NAMES} names at once, not ${names.length}`);
  const call: Call = {
    method: 'POST',
    url: `${runUrl}create_signed`,
    what: 'get the addresses for the artifacts',
    body: JSON.stringify(names),
    headers: { 'content-type': 'application/json', authorization: `Token ${apiKey}` },
    repeatable: true,
    signal,
  };
  const answer = await http.send(call);
  const urls = objectOf(jsendData(answer.body)?.['urls']);
  if (urls === undefined) throw notJobserv(call, answer);
  const signed = new Map<string, SignedUpload>();
  for (const name of names) {
    const one = Object.hasOwn(urls, name) ? objectOf(urls[name]) : undefined;
    // What is no address is none: the artifact, and not the run, fails for it.
    if (typeof one?.['url'] !== 'string' || parseHttpUrl(one['url']) === undefined) continue;
    const type = one['content-type'];
    signed.set(name, { url: one['url'], contentType: typeof type === 'string' ? type : 'application/octet-stream' });
  }
  return signed;
}

/**
 * Uploads one file. Idempotent: the last upload of a name wins, so a try whose answer was lost is made again.
 *
 * @param file a body that is a stream gives exactly its bytes, from the start each time
 * @throws ServerFailure: `unauthorized` or `rejected` when the address has expired: sign again
 */
export async function upload(
  http: HttpClient,
  { url, contentType }: SignedUpload,
  file: { name: string; body: Body },
  signal?: AbortSignal,
): Promise<void> {
  await http.send({
    method: 'PUT',
    url,
    what: `upload ${JSON.stringify(file.name)}`,
    // The rest of it is a key.
    shown: new URL(url).origin,
    body: file.body,
    headers: { 'content-type': contentType },
    expect: [200, 201],
    accept: 'any',
    limits: UPLOAD_LIMITS,
    signal,
  });
}
