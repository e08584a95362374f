/** `--watch`: runs again whenever files change that a run would see, or a key is pressed. */
import { realpath } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch as watchFiles } from 'chokidar';
import { RunFailure } from '../executor/index.js';
import { seenTree } from '../git/index.js';
import { aborted, isBelow } from '../lib/index.js';
import { GIT_TRIGGER_TYPES } from '../schema/index.js';
import type { PlannedRun } from './plan/planned-run.js';

/** An editor saves in several steps, and a build tool many files: so long nothing may change before a run, ms. */
const SETTLE_MS = 300;

export type WatchKey = 'run' | 'failed' | 'quit';

export interface WatchRequest {
  /** The folder of the definition: its repository's working tree is watched. */
  folder: string;
  /** Absolute paths of files that count wherever they are, and whatever git ignores: the definition, params, secrets. */
  inputs: readonly string[];
  /** Absolute paths that never count: what the runs themselves write. */
  outputs: readonly string[];
  /** Executes the runs once, shows what came of it, and never throws for a run or a definition that fails. */
  round(round: { failed: boolean; signal: AbortSignal }): Promise<void>;
  /** Whether the runs of the last round, where there was one, get the working tree. */
  seesTree(): boolean;
  /** Answers how to stop listening; undefined where nobody can press a key. */
  keys: ((listener: (key: WatchKey) => void) => () => void) | undefined;
  tell(message: string): void;
  signal: AbortSignal;
}

/** Resolves after the key to quit or the signal, when the round in progress has ended. */
export async function watch(request: WatchRequest): Promise<void> {
  const { signal, tell } = request;
  const wishes = new Wishes();
  const stopFiles = await watchTree(request, (paths) => wishes.set({ key: 'run', paths }));
  const stopKeys = request.keys?.((key) => wishes.set({ key, paths: [] }));
  const ended = () => wishes.set({ key: 'quit', paths: [] });
  signal.addEventListener('abort', ended, { once: true });
  try {
    for (let failed = false; ; ) {
      const stop = new AbortController();
      const round = request.round({ failed, signal: AbortSignal.any([signal, stop.signal]) });
      let wish = await Promise.race([round.then(() => undefined), wishes.next()]);
      if (wish !== undefined) {
        stop.abort(new RunFailure('interrupted', 'It begins again.'));
        await round;
      } else {
        tell(request.keys ? 'Watching for changes. Enter: run now, f: what failed, q: quit.' : 'Watching for changes.');
        wish = await wishes.next();
      }
      // During the clean-up there may have been another.
      wish = wishes.take() ?? wish;
      if (wish.key === 'quit' || signal.aborted) return;
      failed = wish.key === 'failed';
      if (wish.paths.length > 0) tell(`Changed: ${some(wish.paths)}. Running again.`);
    }
  } finally {
    signal.removeEventListener('abort', ended);
    stopKeys?.();
    await stopFiles();
  }
}

interface Wish {
  key: WatchKey;
  /** What changed, relative to the working tree. */
  paths: readonly string[];
}

/** The last wish that nobody has taken yet. */
class Wishes {
  #wish: Wish | undefined;
  #listener: ((wish: Wish) => void) | undefined;

  set(wish: Wish): void {
    if (this.#wish?.key !== 'quit') this.#wish = wish;
    this.#listener?.(this.#wish ?? wish);
  }

  next(): Promise<Wish> {
    if (this.#wish !== undefined) return Promise.resolve(this.#wish);
    return new Promise((resolve) => {
      this.#listener = resolve;
    });
  }

  take(): Wish | undefined {
    const wish = this.#wish;
    this.#wish = undefined;
    return wish;
  }
}

const NAMED = 3;
const some = (paths: readonly string[]) =>
  paths.length <= NAMED ? paths.join(', ') : `${paths.slice(0, NAMED).join(', ')} and ${paths.length - NAMED} more`;

/** @param changed called when changes have settled */
async function watchTree(request: WatchRequest, changed: (paths: string[]) => void): Promise<() => Promise<void>> {
  const { folder, outputs, signal, tell, seesTree } = request;
  const tree = await seenTree(folder, signal);
  // Of an input that is a link, the target is watched.
  const inputs = await Promise.all(request.inputs.map((input) => realpath(input).catch(() => input)));
  const isIn = (path: string, folder: string) => path === folder || isBelow(path, folder);
  const ignored = (path: string) =>
    !inputs.some((input) => isIn(input, path)) &&
    (outputs.some((output) => isIn(path, output)) ||
      (tree !== undefined && (basename(path) === '.git' || tree.ignored.has(path))));
  const files = watchFiles([...(tree === undefined ? [] : [tree.toplevel]), ...inputs], {
    ignored,
    ignoreInitial: true,
    // A link is a file to git; its target may be the whole disk.
    followSymlinks: false,
  });
  files.on('error', (error) => tell(`Some changes may not be noticed: ${(error as Error).message}`));

  const pending = new Set<string>();
  let settled: AbortController | undefined;
  const settle = async () => {
    settled?.abort();
    settled = new AbortController();
    await sleep(SETTLE_MS, undefined, { signal: settled.signal });
    const paths = [...pending];
    pending.clear();
    const direct = paths.filter((path) => inputs.includes(path));
    const others = paths.filter((path) => !inputs.includes(path));
    const seen = tree === undefined || !seesTree() ? [] : await tree.seen(others);
    const all = [...direct, ...seen].map((path) => relative(tree?.toplevel ?? folder, path));
    if (all.length > 0) changed(all);
  };
  // Until it is ready, it reports links that have been there all along.
  await Promise.race([new Promise<void>((resolve) => files.once('ready', resolve)), aborted(signal)]);
  if (signal.aborted) {
    await files.close();
    signal.throwIfAborted();
  }
  files.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    pending.add(path);
    settle().catch(() => {});
  });
  return () => files.close();
}

/** Whether a run of these gets the files of the working tree. */
export const getsTree = (planned: readonly PlannedRun[]): boolean =>
  planned.some(({ rundef }) => GIT_TRIGGER_TYPES.has(rundef.trigger_type));
