import { dirname, join, resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import { folderName, makeFolderBelow, makeFolders, notWritten, UsageError, writeNamed } from '../../lib/index.js';
import {
  type CreatedRundef,
  createRundefs,
  defaultProject,
  readGivenValues,
  selectRuns,
} from '../../simulator/index.js';
import { printMessage } from '../../terminal/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { loadDefinition } from '../shared/definitions.js';
import { EXIT } from '../shared/errors.js';
import { option, RUN_FLAGS, toggle } from '../shared/flags.js';

export default class RundefCreate extends BaseCommand {
  static override summary = 'Build the run definitions of runs, as the server would.';
  static override description =
    'RUN is the name of a run, trigger/run, or a glob of either. A run that cannot be built, because a secret is missing, ends the command with status 2. With --all it becomes an entry with its error, and the status is 2 after the others have been written.';
  static override examples = [
    { description: 'One run, on standard output', command: '<%= config.bin %> rundef create ci/build' },
    {
      description: 'The run as build 7 would get it',
      command:
        '<%= config.bin %> rundef create ci/build --build 7 --project acme/blinky --param GIT_SHA=4f6b74e --secret githubtok',
    },
    { description: 'Every run, one file each', command: '<%= config.bin %> rundef create --all --output rundefs/' },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = {
    run: Args.string({ ignoreStdin: true, description: 'the runs; one or more names or globs' }),
  };
  static override flags = {
    all: toggle('Input', 'every run of the definition'),
    ...RUN_FLAGS,
    output: option('Output', 'PATH', 'a file for one run, a folder for several', 'o'),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(RundefCreate);
    if (Boolean(flags.all) === argv.length > 0)
      throw new UsageError('Name the runs to create, or use --all for every run; not both.');
    const { path, definition, triggers } = await loadDefinition(flags.file);
    const selected = selectRuns(triggers, flags.all ? ['*'] : (argv as string[]));
    const project = flags.project ?? defaultProject(dirname(path));
    const created = createRundefs(definition, selected, {
      project,
      build: flags.build ?? 1,
      ...(await readGivenValues(flags)),
    });

    const errors = created.flatMap((entry) => ('error' in entry ? [entry.error] : []));
    if (errors.length > 0 && !flags.all) throw new UsageError(errors.join('\n'));
    if (flags.output !== undefined) await writeRundefs(flags.output, created);
    else if (!this.jsonEnabled()) {
      for (const entry of created) if ('runDefinition' in entry) this.logJson(entry.runDefinition);
    }
    if (errors.length > 0) {
      this.endWith(EXIT.usage);
      if (!this.jsonEnabled()) printMessage(errors.map((error) => `Not created: ${error}`).join('\n'));
    }
    return { version: 1, runs: created };
  }
}

/**
 * Writes rundefs to disk, 0600 since secrets are in them: one run to the file `path`, unless
 * that ends in `/`; several to `path/TRIGGER/RUN.json`.
 */
async function writeRundefs(path: string, created: readonly CreatedRundef[]): Promise<void> {
  try {
    for (const entry of created) {
      if (!('runDefinition' in entry)) continue;
      const single = created.length === 1 && !path.endsWith('/');
      if (!single) await makeFolders(path, 0o700);
      const folder = single ? '' : await makeFolderBelow(resolve(path), [folderName(entry.trigger)], 0o700);
      const file = single ? path : join(folder, `${folderName(entry.run)}.json`);
      await writeNamed(file, `${JSON.stringify(entry.runDefinition, null, 2)}\n`);
    }
  } catch (error) {
    throw notWritten('The run definitions', path, error, 'Name another place with --output.');
  }
}
