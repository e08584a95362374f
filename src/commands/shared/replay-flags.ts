/** Flags that say how a run is executed here; `simulate` and `reproduce` take them. */
import * as Flags from '@oclif/core/flags';
import { readMemory, readPairs } from '../../simulator/inputs/pairs.js';
import { readSharedVolumes } from '../../simulator/inputs/shared-volumes.js';
import { type Interruption, watchInterrupts } from '../../simulator/run/interruption.js';
import { askHidden, canAsk } from '../../terminal/prompts.js';

export const REPLAY_FLAGS = {
  workspace: Flags.string({
    description: 'folder for what a run keeps; by default in the cache folder',
    helpValue: 'DIR',
  }),
  'shared-volume': Flags.string({
    description: 'the folder behind a shared volume; may be given often',
    helpValue: 'NAME=PATH',
    multiple: true,
    multipleNonGreedy: true,
  }),
  image: Flags.string({
    description: 'use another image; may be given often',
    helpValue: 'FROM=TO',
    multiple: true,
    multipleNonGreedy: true,
  }),
  keep: Flags.boolean({ description: 'keep the checkouts (repo, script-repo) in the workspace' }),
  memory: Flags.string({ description: 'memory limit of the container: 512m, 2g', helpValue: 'SIZE' }),
  'docker-config': Flags.boolean({
    description: "show scripts the docker client's configuration, as a worker does",
    default: true,
    allowNo: true,
  }),
};

/** What these flags say, with whom to ask for secrets and whom to warn. */
export function readReplayFlags(flags: {
  workspace?: string | undefined;
  'shared-volume'?: string[] | undefined;
  image?: string[] | undefined;
  keep: boolean;
  memory?: string | undefined;
  'docker-config': boolean;
}) {
  return {
    workspace: flags.workspace,
    sharedVolumes: readSharedVolumes(flags['shared-volume'] ?? []),
    images: readPairs('image', flags.image ?? []),
    keep: flags.keep,
    memoryBytes: flags.memory === undefined ? undefined : readMemory(flags.memory),
    showDockerConfig: flags['docker-config'],
    ask: canAsk() ? askHidden : undefined,
    warn: (message: string) => tell(`Warning: ${message}`),
  };
}

/** Something that a signal ends in good order, and a second one at once: then `abandon` does what must not be left undone. */
export interface Replay<T> {
  result: Promise<T>;
  abandon(): void;
}

/**
 * Does the work under Ctrl-C and its like.
 *
 * @param fail ends the command with the signal's status
 */
export async function underInterrupts<T>(
  start: (signal: AbortSignal) => Replay<T>,
  done: (result: T, interruption: Interruption) => void | Promise<void>,
  fail: (message: string, status: number) => never,
): Promise<T> {
  let abandon = () => {};
  const interruption = watchInterrupts(
    () => tell('Stopping: the container is removed, the workspace stays. Once more to end at once.'),
    () => abandon(),
  );
  try {
    const replay = start(interruption.signal);
    abandon = () => replay.abandon();
    const result = await replay.result;
    await done(result, interruption);
    return result;
  } catch (error) {
    if (interruption.status !== undefined) return fail((error as Error).message, interruption.status);
    throw error;
  } finally {
    interruption.dispose();
  }
}

function tell(message: string): void {
  process.stderr.write(`${message}\n`);
}
