/** Flags that say how a run is executed on this machine; `simulate` and `reproduce` take them. */
import * as Flags from '@oclif/core/flags';
import { UsageError } from '../../lib/errors.js';
import { readImages, readMemory, readSharedVolumes } from '../../simulator/inputs/given.js';
import { SHELL_WISHES, type ShellRequest, type ShellWish } from '../../simulator/run/shell.js';
import { PULL_POLICIES, type PullPolicy } from '../../simulator/run/simulation-ports.js';
import { OUTPUTS } from '../../terminal/open-runs-view.js';
import { askHidden, canAsk, hasTerminal, withRawTerminal } from '../../terminal/prompts.js';
import { warn } from './run-flags.js';

export const REPLAY_FLAGS = {
  workspace: Flags.string({
    description: 'folder for what a run leaves; by default one in the cache folder',
    helpValue: 'DIR',
    helpGroup: 'Output',
  }),
  keep: Flags.boolean({
    description: 'keep the checkouts (repo, script-repo) in the workspace',
    helpGroup: 'Output',
  }),
  'shared-volume': Flags.string({
    description: 'the folder to mount as a shared volume; repeatable',
    helpValue: 'NAME=PATH',
    helpGroup: 'Engine',
    multiple: true,
    multipleNonGreedy: true,
  }),
  image: Flags.string({
    description: 'use the image TO where the definition says FROM; repeatable',
    helpValue: 'FROM=TO',
    helpGroup: 'Engine',
    multiple: true,
    multipleNonGreedy: true,
  }),
  memory: Flags.string({
    description: 'memory limit of the container: 512m, 2g',
    helpValue: 'SIZE',
    helpGroup: 'Engine',
  }),
  'docker-config': Flags.boolean({
    description: "give scripts the docker client's configuration, as a worker does",
    helpGroup: 'Engine',
    default: true,
    allowNo: true,
  }),
};

export const VIEW_FLAGS = {
  output: Flags.option({
    description: 'what is shown while runs go on; by default live on a terminal, and grouped elsewhere',
    helpGroup: 'Output',
    options: OUTPUTS,
  })(),
  verbose: Flags.boolean({ description: 'show image, phases and all of each run at the end', helpGroup: 'Output' }),
};

export const SHELL_FLAG = Flags.option({
  description: "open a shell after the run, in a container like the run's",
  helpGroup: 'Output',
  options: SHELL_WISHES,
})();

/** `--pull`, whose default is not the same for a definition and for a server's run. */
export function pullFlag(byDefault: PullPolicy) {
  return Flags.option({
    description: 'when to pull the image',
    helpGroup: 'Engine',
    options: PULL_POLICIES,
    default: byDefault,
  })();
}

/** The flags' values, with functions to ask for secrets and to warn. */
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
    images: readImages(flags.image ?? []),
    keep: flags.keep,
    memoryBytes: flags.memory === undefined ? undefined : readMemory(flags.memory),
    showDockerConfig: flags['docker-config'],
    ask: canAsk() ? askHidden : undefined,
    warn,
  };
}

/**
 * What `--shell` asks for.
 *
 * @throws UsageError where a shell is not possible
 */
export function shellFor(when: ShellWish, flags: { jobs: number; json: boolean; dryRun: boolean }): ShellRequest {
  const conflict = flags.dryRun ? '--dry-run' : flags.json ? '--json' : flags.jobs > 1 ? '--jobs' : undefined;
  if (conflict !== undefined) {
    throw new UsageError(
      `--shell hands the terminal over after a run, so it cannot be used with ${conflict}. Leave one of them out.`,
    );
  }
  if (!hasTerminal()) {
    throw new UsageError(
      '--shell needs a terminal, and standard input or output is not one. Start the command from a terminal, not through a pipe or in a CI; or leave --shell out and look at the workspace.',
    );
  }
  return { when, withTerminal: withRawTerminal, tell: (message) => process.stderr.write(`\n${message}\n`) };
}
