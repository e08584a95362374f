import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { createMasker } from '../../executor/index.js';
import { shellCommand, UsageError } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';
import {
  type AccessRequest,
  PULL_POLICIES,
  type PullPolicy,
  readImages,
  readMemory,
  readSharedVolumes,
  SHELL_WISHES,
  type ShellRequest,
  type ShellWish,
} from '../../simulator/index.js';
import { askHidden, canAsk, hasTerminal, OUTPUTS, printMessage, withRawTerminal } from '../../terminal/index.js';
import { type WorkerLog, workerLog } from '../../worker/index.js';
import type { ChosenDefaults } from './choose-defaults.js';

/** The flags that several commands share, and how their values are read. */

/** The sections of the help. */
type Group = 'Input' | 'Source' | 'Engine' | 'Output';

/** A flag with a value. */
export function option(helpGroup: Group, helpValue: string, description: string, char?: 'f' | 'o') {
  return Flags.string({ helpGroup, helpValue, description, ...(char && { char }) });
}

/** A flag with a value that may be given several times. */
export function options(helpGroup: Group, helpValue: string, description: string, char?: 'f' | 'p' | 's') {
  const multiple = { multiple: true, multipleNonGreedy: true } as const;
  return Flags.string({ helpGroup, helpValue, description, ...multiple, ...(char && { char }) });
}

/** A flag with a number, at least 1. */
export function count(helpGroup: Group, description: string) {
  return Flags.integer({ helpGroup, helpValue: 'N', description, min: 1 });
}

/** A flag without a value. */
export function toggle(helpGroup: Group, description: string) {
  return Flags.boolean({ helpGroup, description });
}

export const SECRET_FLAGS = {
  secret: options(
    'Input',
    'NAME[=VALUE]',
    'a secret, or the name of one to take from the environment; repeatable',
    's',
  ),
  'secret-file': option('Input', 'FILE', 'secrets, NAME=VALUE a line; by default ./.jobserv.secrets, if it exists'),
};

/** They decide which run definition is built. `readGivenValues` reads them. */
export const RUN_FLAGS = {
  file: option('Input', 'FILE', 'the definition; by default ./.jobserv.yml', 'f'),
  param: options('Input', 'KEY=VALUE', 'a param of the build; repeatable', 'p'),
  'param-file': option('Input', 'FILE', 'params, KEY=VALUE a line; --param wins over it'),
  ...SECRET_FLAGS,
  project: option('Input', 'NAME', "the project's name; by default that of the repository's folder"),
  build: count('Input', "the build's number; by default 1, or that of --upstream"),
};

export const SERVER_FLAGS = {
  token: option(
    'Source',
    'TOKEN',
    'your API token at the server; prefer JOBSERV_TOKEN, since others on this host can read a command line',
  ),
  header: options('Source', "'NAME: VALUE'", 'an HTTP header for the server; repeatable; prefer JOBSERV_HEADER'),
};

export function readServerFlags(flags: { token?: string | undefined; header?: string[] | undefined }): AccessRequest {
  return { token: flags.token, headers: flags.header, warn };
}

export function warn(message: string): void {
  printMessage(`Warning: ${message}`);
}

/** They decide how a run is executed on this machine; `simulate` and `reproduce` have them. */
export const REPLAY_FLAGS = {
  workspace: option('Output', 'DIR', 'folder for what a run leaves; by default one in the cache folder'),
  keep: toggle('Output', 'keep the checkouts (repo, script-repo) in the workspace'),
  'shared-volume': options('Engine', 'NAME=PATH', 'the folder to mount as a shared volume; repeatable'),
  image: options('Engine', 'FROM=TO', 'use the image TO where the definition says FROM; repeatable'),
  memory: option('Engine', 'SIZE', 'memory limit of the container: 512m, 2g'),
  'docker-config': Flags.boolean({
    description: "give scripts the docker client's configuration, as a worker does",
    helpGroup: 'Engine',
    default: true,
    allowNo: true,
  }),
};

export const FOLLOW_FLAG = toggle(
  'Engine',
  'continue with the runs that triggers start when a run, or all runs of a build, have passed',
);

export const VIEW_FLAGS = {
  output: Flags.option({
    description: 'what is shown during the runs; by default live on a terminal, and grouped elsewhere',
    helpGroup: 'Output',
    options: OUTPUTS,
  })(),
  verbose: toggle('Output', 'show image, phases and all of each run at the end'),
};

export const SHELL_FLAG = Flags.option({
  description: "open a shell after the run, in a container like the run's",
  helpGroup: 'Output',
  options: SHELL_WISHES,
})();

export const REPORT_FLAG = {
  report: options('Output', 'FILE', 'write a report: .html for people, .xml (JUnit) or .json for programs; repeatable'),
};

/** `--pull`, which has another default for a definition than for a server's run. */
export function pullFlag(byDefault: PullPolicy) {
  return Flags.option({
    description: `when to pull the image; by default ${byDefault}`,
    helpGroup: 'Engine',
    options: PULL_POLICIES,
  })();
}

/** The flags' values over the defaults, with functions to ask for secrets and to warn. */
export function readReplayFlags(
  flags: {
    workspace?: string | undefined;
    'shared-volume'?: string[] | undefined;
    image?: string[] | undefined;
    keep: boolean;
    memory?: string | undefined;
    'docker-config': boolean;
  },
  defaults: ChosenDefaults,
) {
  const [sharedVolumes, images] = [readSharedVolumes(flags['shared-volume'] ?? []), readImages(flags.image ?? [])];
  const memory = flags.memory ?? defaults.values.memory;
  const originsOf = (setting: string, all: StringMap, given: StringMap): StringMap =>
    Object.fromEntries(
      Object.keys(all)
        .filter((name) => !Object.hasOwn(given, name))
        .map((name) => [name, defaults.origins.get(`${setting} ${name}`) ?? '']),
    );
  return {
    workspace: flags.workspace,
    sharedVolumes: { ...defaults.sharedVolumes, ...sharedVolumes },
    images: { ...defaults.images, ...images },
    origins: {
      images: originsOf('image', defaults.images, images),
      sharedVolumes: originsOf('shared-volume', defaults.sharedVolumes, sharedVolumes),
    },
    keep: flags.keep,
    memoryBytes: memory === undefined ? undefined : readMemory(memory),
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
  return { when, withTerminal: withRawTerminal, tell: (message) => printMessage(`\n${message}`) };
}

export const FOLDER_FLAG = {
  folder: Flags.string({
    description: "the worker's folder, with its settings.conf; by default the current one",
    helpValue: 'DIR',
    env: 'JOBSERV_WORKER_FOLDER',
  }),
};

export const WORKER_FLAGS = {
  ...FOLDER_FLAG,
  'log-format': Flags.string({
    description: 'how the log on stderr is written',
    options: ['text', 'json'],
    default: 'text',
  }),
};

export const workerFolder = (flags: { folder?: string | undefined }): string => resolve(flags.folder ?? '.');

/** A log on stderr; its level is that of the settings, once they have been read. */
export function openLog(flags: { 'log-format': string }): WorkerLog {
  return workerLog({ format: flags['log-format'] === 'json' ? 'json' : 'text', level: 'info' });
}

/** A command line that does something again, with the flags that were given: quoted, to be pasted into a shell. */

/** A word of a command line as oclif's parser has it. */
interface Token {
  type: 'arg' | 'flag';
  flag?: string;
  input: string;
}

/**
 * A secret stands in it by its name, to be taken from the environment; a login of a server does not stand in it.
 *
 * @param words the command, its arguments, and flags that replace those that were given
 * @param given what oclif's parser found, and the secrets that must not be shown
 * @param without names of flags that do not belong to it
 */
export function rerun(
  words: readonly string[],
  given: { raw: readonly Token[]; secrets: StringMap },
  without: readonly string[] = [],
): string {
  const replaced = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2));
  const left = new Set(['json', 'report', 'token', 'header', ...without, ...replaced]);
  const flags = given.raw.flatMap(({ flag, input }) => {
    if (flag === undefined || left.has(flag)) return [];
    // The parser has a flag without a value as it was written.
    if (input === `--${flag}` || input === `--no-${flag}`) return [input];
    const value = flag === 'secret' ? input.replace(/=.*/s, '') : input;
    return value.startsWith('-') ? [`--${flag}=${value}`] : [`--${flag}`, value];
  });
  const masker = createMasker(Object.values(given.secrets));
  return shellCommand(['jobserv', ...words, ...flags.map((word) => masker.text(word))]);
}
