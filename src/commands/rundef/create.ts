import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { UsageError } from '../../lib/errors.js';
import { createRundefs, defaultProject } from '../../simulator/plan/create-rundefs.js';
import { selectRuns } from '../../simulator/plan/select-runs.js';
import { BaseCommand } from '../shared/base-command.js';
import { EXIT } from '../shared/exit-status.js';
import { loadDefinition } from '../shared/load-definition.js';
import { RUN_FLAGS, readRunFlags } from '../shared/run-flags.js';
import { writeRundefs } from '../shared/write-rundefs.js';

export default class RundefCreate extends BaseCommand {
  static override summary = 'Write the run definitions that the server would make of runs.';
  static override description =
    'RUN is a run, trigger/run, or a glob of either. A run that cannot be built, for a secret that is missing, ends the command with status 2; with --all it is an entry with its error, and the status is 2 after the others are written.';
  static override examples = [
    { description: 'One run, on stdout', command: '<%= config.bin %> rundef create ci/build' },
    {
      description: 'As build 7 would have it',
      command:
        '<%= config.bin %> rundef create ci/build --build 7 --project acme/blinky --param GIT_SHA=4f6b74e --secret githubtok',
    },
    { description: 'Every run, a file each', command: '<%= config.bin %> rundef create --all --output rundefs/' },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = { run: Args.string({ ignoreStdin: true, description: 'which runs; several may be named' }) };
  static override flags = {
    all: Flags.boolean({ description: 'every run of the definition' }),
    ...RUN_FLAGS,
    output: Flags.string({ char: 'o', description: 'a file for one run, a folder for more', helpValue: 'PATH' }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(RundefCreate);
    if (Boolean(flags.all) === argv.length > 0)
      throw new UsageError('Name the runs to create, or give --all for every one; not both.');
    const { definition, triggers } = await loadDefinition(flags.file);
    const selected = selectRuns(triggers, flags.all ? ['*'] : (argv as string[]));
    const project = flags.project ?? (await defaultProject(process.cwd()));
    const created = createRundefs(definition, selected, {
      project,
      build: flags.build,
      ...(await readRunFlags(flags)),
    });

    const errors = created.flatMap((entry) => ('error' in entry ? [entry.error] : []));
    if (errors.length > 0 && !flags.all) throw new UsageError(errors.join('\n'));
    if (flags.output !== undefined) await writeRundefs(flags.output, created);
    else if (!this.jsonEnabled()) {
      for (const entry of created) if ('runDefinition' in entry) this.logJson(entry.runDefinition);
    }
    if (errors.length > 0) {
      this.endWith(EXIT.usage);
      if (!this.jsonEnabled()) process.stderr.write(errors.map((error) => `Not created: ${error}\n`).join(''));
    }
    return { version: 1, runs: created };
  }
}
