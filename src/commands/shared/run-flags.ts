/** Flags that say which run definition is built, and who asks a server for it. `readGivenValues` and `readServerFlags` read them. */
import * as Flags from '@oclif/core/flags';
import type { AccessRequest } from '../../simulator/inputs/server-access.js';
import { printMessage } from '../../terminal/output.js';

const repeatable = { multiple: true, multipleNonGreedy: true } as const;

export const SECRET_FLAGS = {
  secret: Flags.string({
    char: 's',
    description: 'a secret, or the name of one to take from the environment; repeatable',
    helpValue: 'NAME[=VALUE]',
    helpGroup: 'Input',
    ...repeatable,
  }),
  'secret-file': Flags.string({
    description: 'secrets, NAME=VALUE a line; by default ./.jobserv.secrets, if it exists',
    helpValue: 'FILE',
    helpGroup: 'Input',
  }),
};

export const RUN_FLAGS = {
  file: Flags.string({
    char: 'f',
    description: 'the definition; by default ./.jobserv.yml',
    helpValue: 'FILE',
    helpGroup: 'Input',
  }),
  param: Flags.string({
    char: 'p',
    description: 'a param of the build; repeatable',
    helpValue: 'KEY=VALUE',
    helpGroup: 'Input',
    ...repeatable,
  }),
  'param-file': Flags.string({
    description: 'params, KEY=VALUE a line; --param wins over it',
    helpValue: 'FILE',
    helpGroup: 'Input',
  }),
  ...SECRET_FLAGS,
  project: Flags.string({
    description: "the project's name; by default that of the repository's folder",
    helpValue: 'NAME',
    helpGroup: 'Input',
  }),
  build: Flags.integer({
    description: "the build's number; by default 1, or that of --upstream",
    helpValue: 'N',
    helpGroup: 'Input',
    min: 1,
  }),
};

export const SERVER_FLAGS = {
  token: Flags.string({
    description:
      'your API token at the server; prefer JOBSERV_TOKEN, since others on this host can read a command line',
    helpValue: 'TOKEN',
    helpGroup: 'Source',
  }),
  header: Flags.string({
    description: 'an HTTP header for the server; repeatable; prefer JOBSERV_HEADER',
    helpValue: "'NAME: VALUE'",
    helpGroup: 'Source',
    ...repeatable,
  }),
};

export function readServerFlags(flags: { token?: string | undefined; header?: string[] | undefined }): AccessRequest {
  return { token: flags.token, headers: flags.header, warn };
}

export function warn(message: string): void {
  printMessage(`Warning: ${message}`);
}
