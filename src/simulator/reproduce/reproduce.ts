/** The story of `reproduce`: fetch the run, replay it, compare, and say whether it is the same here. */
import { constants, createWriteStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createMasker, type Masker } from '../../executor/index.js';
import { UsageError } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';
import type { RundefFile } from '../inputs/rundef-file.js';
import { completeRundefSecrets, HIDDEN_VALUE } from '../inputs/secrets.js';
import type { LoadedDefinition } from '../plan/definition-run.js';
import type { RunResult } from '../run/run-result.js';
import type { SimulateRequest } from '../run/simulate-run.js';
import { simulate } from '../simulate.js';
import { Scratch } from '../workspace/scratch.js';
import { differencesOf, endedAlike, type RunDifference } from './compare.js';
import { type ConsoleComparison, compareConsoles, type Names, writeConsoleDiff } from './compare-consoles.js';
import { bytesOf, type ConsoleFacts, noFacts, scriptLines } from './console-story.js';
import { type Fetched, type FetchRequest, fetch } from './fetch.js';
import { hasMoved, movedTag, type PinnedImage, pinImage } from './pinned-image.js';
import { definitionDifferences } from './pushed-definition.js';
import { hasEnded, type ServerSide, serverSide } from './server-run.js';
import { hopeless, type Judgement, judge, type NextStep, type Verdict } from './verdict.js';

export interface ReproduceRequest
  extends FetchRequest,
    Pick<
      SimulateRequest,
      | 'ask'
      | 'flaggedSecrets'
      | 'follow'
      | 'images'
      | 'keep'
      | 'lastSteps'
      | 'memoryBytes'
      | 'openView'
      | 'origins'
      | 'pull'
      | 'params'
      | 'secretFiles'
      | 'secrets'
      | 'sharedVolumes'
      | 'shell'
      | 'showDockerConfig'
      | 'warn'
      | 'workspace'
    > {
  /** How often it is replayed. */
  repeat: number;
  /** Where the difference of the consoles is written. */
  consoleDiff?: string | undefined;
  /** The command line for what may come next, with the flags that were given. */
  again(command: Exclude<NextStep, string>, url: string): string;
  /** Whether `conclude` gets the consoles. */
  keepConsoles: boolean;
  /** Receives the result while the consoles exist as files, secrets masked. */
  conclude(result: ReproduceResult, consoles: ReproducedConsoles): Promise<void>;
  /** The definition at hand; undefined where there is none. */
  loadDefinition(): Promise<LoadedDefinition | undefined>;
}

export interface ReproducedConsoles {
  /** Undefined: the server has none, or nobody wants them. */
  server?: string;
  local?: string;
  /** The replay that was compared: its place in `local`. */
  replay: number;
}

/** `reproduce --json`, version 1 (SPEC 7). */
export interface ReproduceResult {
  version: 1;
  verdict: Verdict;
  reason: string;
  /** Sentences, and commands that can be pasted into a shell. */
  next: string[];
  server: ServerSide;
  local: RunResult[];
  /** With `--follow`: the runs that the replays started. */
  followed?: RunResult[];
  /** Of the first replay that did not end as the run did, or else of the first. */
  differences: RunDifference[];
  console?: ConsoleComparison;
  image?: PinnedImage;
}

/**
 * @throws UsageError where the address leads to no run or the rundef is refused; ServerFailure or RunFailure where
 *   server or engine fail
 */
export async function reproduce(request: ReproduceRequest): Promise<ReproduceResult> {
  const scratch = new Scratch();
  const removeNow = () => scratch.removeNow();
  request.lastSteps.add(removeNow);
  try {
    return await story(request, scratch);
  } finally {
    await scratch.remove();
    request.lastSteps.delete(removeNow);
  }
}

async function story(request: ReproduceRequest, scratch: Scratch): Promise<ReproduceResult> {
  const folder = await scratch.folder();
  const fetched = await fetch(request, join(folder, 'console.log'));
  const { file, run, address, facts } = fetched;
  const server = serverSide(run, address, file.rundef.container, facts);
  const stopped = hopeless(server);
  if (stopped !== undefined) {
    const masker = maskerOf(request.secrets);
    const result = resultOf(stopped, masker.values(server), [], request);
    await request.conclude(result, await consolesOf(request, fetched, masker));
    return result;
  }
  const secrets = await completeRundefSecrets(file, request.secrets, request.ask);
  const masker = maskerOf(secrets);
  const pinned = pinOf(request, file, facts);
  const replays = await replayAll({ ...request, secrets }, fetched, masker, pinned);
  const local = replays.map((one) => one.local);
  const shown = masker.values(server);
  const compared = replays.find((one) => !endedAlike(shown, one.local)) ?? replays[0];
  const moved = pinned && (await hasMoved(pinned, file.rundef['container-auth'] ?? null, secrets));
  const result = {
    ...resultOf(judge(shown, local), shown, local, request),
    ...(request.follow && { followed: replays.flatMap(({ followed }) => followed) }),
    differences: [
      ...(compared?.differences ?? []),
      ...(pinned && moved ? [movedTag(pinned)] : []),
      ...definitionDifferences(file, await request.loadDefinition(), masker),
    ],
    ...(compared === undefined ? {} : { console: masker.values(compared.console) }),
    ...(pinned === undefined ? {} : { image: { ...pinned, ...(moved === undefined ? {} : { moved }) } }),
  };
  await request.conclude(result, await consolesOf(request, fetched, masker, compared && replays.indexOf(compared)));
  return result;
}

/** The server's console as far as it may be shown, and that of the replay. */
async function consolesOf(
  { keepConsoles, signal }: ReproduceRequest,
  { run, console }: Fetched,
  masker: Masker,
  replay?: number,
): Promise<ReproducedConsoles> {
  if (!keepConsoles) return { replay: replay ?? 0 };
  const server = `${console}.masked`;
  const there = hasEnded(run.known) && run.hasConsole;
  if (there) await pipeline(masked(bytesOf(console, signal), masker), createWriteStream(server, { mode: 0o600 }));
  return {
    replay: replay ?? 0,
    ...(there ? { server } : {}),
    ...(replay === undefined ? {} : { local: replayConsole(console, replay) }),
  };
}

const replayConsole = (console: string, replay: number) => `${console}.replay-${replay}`;

function maskerOf(secrets: StringMap): Masker {
  return createMasker(Object.values(secrets).filter((value) => value !== HIDDEN_VALUE));
}

function pinOf(
  { images }: ReproduceRequest,
  { rundef }: RundefFile,
  { digest }: ConsoleFacts,
): PinnedImage | undefined {
  return Object.hasOwn(images, rundef.container) ? undefined : pinImage(rundef.container, digest);
}

interface Comparison {
  differences: RunDifference[];
  console: ConsoleComparison;
}

interface Replay extends Comparison {
  local: RunResult;
  followed: RunResult[];
}

async function replayAll(
  request: ReproduceRequest,
  fetched: Fetched,
  masker: Masker,
  pinned: PinnedImage | undefined,
): Promise<Replay[]> {
  const rundef = { ...fetched.file.rundef, ...(pinned === undefined ? {} : { container: pinned.pinned }) };
  const asked: SimulateRequest = {
    ...request,
    arguments: [],
    rundefs: [{ ...fetched.file, rundef }],
    build: 1,
    jobs: 1,
    choose: undefined,
    loadDefinition: async () => (await request.loadDefinition()) ?? Promise.reject(noDefinition()),
  };
  const replays: Replay[] = [];
  while (replays.length < request.repeat && !request.signal.aborted) {
    const [local, ...followed] = (await simulate(asked)).runs;
    if (local === undefined) break;
    // The next replay begins in the same workspace.
    if (request.keepConsoles) await copyIfThere(local.console, replayConsole(fetched.console, replays.length));
    replays.push({ local, followed, ...(await compare(request, fetched, masker, local)) });
  }
  request.signal.throwIfAborted();
  return replays;
}

function noDefinition(): UsageError {
  return new UsageError(
    '--follow goes on with what the project definition says that the run starts, and there is no .jobserv.yml here or in a folder above. Name the definition with --file, or leave --follow out.',
  );
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Before the next replay: it begins in the same workspace. */
async function compare(
  { consoleDiff, signal, onConsole }: ReproduceRequest,
  { run, address, file, console, facts: theirs }: Fetched,
  masker: Masker,
  local: RunResult,
): Promise<Comparison> {
  const names: Names = new Map([
    ...(run.known.workerName ? [[run.known.workerName, '<worker>'] as const] : []),
    ['simulator', '<worker>'],
  ]);
  const facts = noFacts();
  const sides = () =>
    [
      { lines: scriptLines(masked(bytesOf(console, signal, onConsole), masker), facts, theirs.begins), names },
      { lines: scriptLines(bytesOf(local.console, signal), noFacts()), names },
    ] as const;
  const compared = await compareConsoles(...sides());
  if (consoleDiff !== undefined) await writeConsoleDiff(consoleDiff, ...sides());
  const server = masker.values(serverSide(run, address, file.rundef.container, facts));
  const output = comparedBeforeTheClock(server, local, compared);
  return { differences: differencesOf(server, local, output), console: output };
}

/** Where a clock ended both, one may have come a few lines further. */
function comparedBeforeTheClock(server: ServerSide, local: RunResult, compared: ConsoleComparison): ConsoleComparison {
  const { divergence, same } = compared;
  const oneSided = divergence?.server === undefined || divergence.local === undefined;
  return server.cause === 'timeout' && local.cause === 'timeout' && oneSided ? { same } : compared;
}

async function* masked(chunks: AsyncIterable<Uint8Array>, masker: Masker): AsyncGenerator<Uint8Array> {
  const stream = masker.stream();
  for await (const chunk of chunks) yield* stream.write(Buffer.from(chunk));
  yield* stream.end();
}

function resultOf(
  { verdict, reason, next }: Judgement,
  server: ServerSide,
  local: RunResult[],
  { again }: ReproduceRequest,
): ReproduceResult {
  const steps = next.map((step) => (typeof step === 'string' ? step : again(step, server.url)));
  return { version: 1, verdict, reason, next: steps, server, local, differences: [] };
}
