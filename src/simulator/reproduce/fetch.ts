/** What `reproduce` reads from the server before it replays a run. */
import type { RunAddress } from '../../server/index.js';
import type { RundefFile } from '../inputs/rundef-file.js';
import { type AccessRequest, openServers } from '../inputs/server-access.js';
import { findRun, replayable, rundefOfRun } from '../plan/server-rundef.js';
import { bytesOf, type ConsoleFacts, noFacts, scriptLines } from './console-story.js';
import { type FetchedRun, fetchRun, hasEnded } from './server-run.js';

export interface FetchRequest {
  /** Any address of the run. */
  address: string;
  /** What servers learn about who asks. */
  access: AccessRequest;
  /** The longest console that is read, bytes. */
  maxConsole: number;
  /** Called while the console is read, with the number of bytes so far; undefined when it is complete. */
  onConsole(bytes: number | undefined): void;
  signal: AbortSignal;
}

export interface Fetched {
  address: RunAddress;
  file: RundefFile;
  run: FetchedRun;
  /** The server's, in a file. */
  console: string;
  /** What it states. */
  facts: ConsoleFacts;
}

/** @throws UsageError where the address leads to no run or the rundef is refused; ServerFailure where the server fails */
export async function fetch(request: FetchRequest, console: string): Promise<Fetched> {
  const { address: pasted, access: asked, maxConsole, onConsole, signal } = request;
  const access = await openServers([pasted], asked);
  try {
    const found = await findRun(pasted, access, signal);
    const file = replayable(rundefOfRun(found));
    const target = { path: console, most: maxConsole, onBytes: onConsole };
    const run = await fetchRun(access.http, found.address, target, signal).finally(() => onConsole(undefined));
    return { address: found.address, file, run, console, facts: await factsOf(run, console, request) };
  } finally {
    await access.http.close();
  }
}

async function factsOf(
  { known }: FetchedRun,
  console: string,
  { signal, onConsole }: FetchRequest,
): Promise<ConsoleFacts> {
  const facts = noFacts();
  if (!hasEnded(known)) return facts;
  const lines = scriptLines(bytesOf(console, signal, onConsole), facts, Number.POSITIVE_INFINITY);
  while (!(await lines.next()).done);
  return facts;
}
