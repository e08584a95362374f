/** Flags that say of which build a run is; all commands that build run definitions take them. */
import * as Flags from '@oclif/core/flags';
import { readParams } from '../../simulator/inputs/parameters.js';
import { namesOfSecretFlags, readSecrets } from '../../simulator/inputs/secrets.js';

export const RUN_FLAGS = {
  file: Flags.string({ char: 'f', description: 'the definition; ./.jobserv.yml by default', helpValue: 'FILE' }),
  param: Flags.string({
    char: 'p',
    description: 'a param of the build; may be given often',
    helpValue: 'KEY=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'param-file': Flags.string({ description: 'params, KEY=VALUE a line; -p wins over it', helpValue: 'FILE' }),
  secret: Flags.string({
    char: 's',
    description: 'a secret, or the name of one that the environment has; may be given often',
    helpValue: 'NAME[=VALUE]',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'secret-file': Flags.string({
    description: 'secrets, NAME=VALUE a line; ./.jobserv.secrets when it exists',
    helpValue: 'FILE',
  }),
  project: Flags.string({
    description: 'name of the project; by default that of the repository folder',
    helpValue: 'NAME',
  }),
  build: Flags.integer({ description: 'number of the build', helpValue: 'N', min: 1, default: 1 }),
};

/** What these flags say, read. */
export async function readRunFlags(flags: {
  param?: string[] | undefined;
  'param-file'?: string | undefined;
  secret?: string[] | undefined;
  'secret-file'?: string | undefined;
}) {
  const params = await readParams({ flags: flags.param ?? [], file: flags['param-file'] });
  const secrets = await readSecrets({ flags: flags.secret ?? [], file: flags['secret-file'] });
  return { params, secrets, flaggedSecrets: namesOfSecretFlags(flags.secret ?? []) };
}
