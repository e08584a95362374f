/** A build as the server knows it: which runs it has. */
import type { HttpClient } from './http.js';
import { jsendData, objectOf } from './jsend.js';

export interface BuildRun {
  name: string;
  /** QUEUED, RUNNING, PASSED, FAILED, … */
  status: string;
}

/** @param buildUrl with its slash at the end. @returns in the order of the server; none where it says something else */
export async function readBuildRuns(http: HttpClient, buildUrl: string, signal?: AbortSignal): Promise<BuildRun[]> {
  const answer = await http.send({ method: 'GET', url: buildUrl, what: 'read the build', signal });
  const runs = objectOf(jsendData(answer.body)?.['build'])?.['runs'];
  return (Array.isArray(runs) ? runs : []).flatMap((item: unknown) => {
    const { name, status } = objectOf(item) ?? {};
    return typeof name === 'string' && typeof status === 'string' ? [{ name, status }] : [];
  });
}
