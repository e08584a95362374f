/** `simulate --watch`: each round is a simulation of its own, with the definition, params and secrets as they are then. */
import { dirname, resolve } from 'node:path';
import { RunFailure } from '../../executor/index.js';
import {
  cacheFolder,
  getsTree,
  type Interruption,
  type SimulateRequest,
  type SimulationResult,
  simulate,
  volumesBeside,
  type WatchKey,
  watch,
} from '../../simulator/index.js';
import { hasTerminal, listenForKeys, printMessage } from '../../terminal/index.js';
import { findDefinition } from './definitions.js';
import { describeError } from './errors.js';

export interface WatchedRuns {
  /** The request of the first round. */
  first: SimulateRequest;
  /** Reads everything anew. */
  again(interruption: Pick<Interruption, 'signal' | 'lastSteps'>): Promise<SimulateRequest>;
  /** `--file`. */
  file: string | undefined;
  /** Other files that the runs read. */
  files: readonly string[];
  show(result: SimulationResult): Promise<void>;
}

const KEYS: Record<string, WatchKey> = { '\r': 'run', '\n': 'run', f: 'failed', q: 'quit' };

/** @returns the result of the last round that came to its end */
export async function watchRuns(
  { signal, lastSteps }: Interruption,
  { first, again, file, files, show }: WatchedRuns,
): Promise<SimulationResult> {
  let last: SimulationResult = { version: 1, status: 'PASSED', phases: [], runs: [] };
  let sees = true;
  let next: SimulateRequest | undefined = first;
  const definition = file ?? findDefinition();
  const answers = new Map<string, Promise<unknown>>();
  /** Asks each question only once. */
  const once = <A extends unknown[], R>(name: string, ask: ((...args: A) => Promise<R>) | undefined) =>
    ask &&
    ((...args: A): Promise<R> => {
      const key = name + String(args[0]);
      const answer = (answers.get(key) as Promise<R> | undefined) ?? ask(...args);
      answers.set(key, answer);
      return answer;
    });
  const workspace = first.workspace === undefined ? undefined : resolve(first.workspace);
  await watch({
    folder: dirname(resolve(definition ?? '.')),
    inputs: [...(definition === undefined ? [] : [definition]), ...first.secretFiles, ...files].map((path) =>
      resolve(path),
    ),
    outputs: [cacheFolder(), ...(workspace === undefined ? [] : [workspace, volumesBeside(workspace)])],
    seesTree: () => sees,
    keys: hasTerminal() ? (listener) => listenForKeys((key) => KEYS[key] && listener(KEYS[key])) : undefined,
    tell: (message) => printMessage(`\n${message}`),
    signal,
    round: async ({ failed, signal: stop }) => {
      try {
        const request = next ?? (await again({ signal: stop, lastSteps }));
        next = undefined;
        const result = await simulate({
          ...request,
          signal: stop,
          failed: request.failed || failed,
          ask: once('secret', request.ask),
          choose: once('runs', request.choose),
          openView: (view) => {
            sees = request.source !== 'remote' && getsTree(view.planned);
            return request.openView(view);
          },
        });
        // A round that began again reports nothing; one that the user ended does.
        if (stop.aborted && !signal.aborted) return;
        last = result;
        await show(result);
      } catch (error) {
        if (stop.aborted) return;
        // Ctrl-C at a question.
        if (error instanceof RunFailure && error.reason === 'interrupted') throw error;
        printMessage(`Error: ${describeError(error as Error).message}`);
      }
    },
  });
  return last;
}
