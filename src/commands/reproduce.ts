import { existsSync } from 'node:fs';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type ReproduceResult, reproduce } from '../simulator/reproduce/reproduce.js';
import { PULL_POLICIES } from '../simulator/run/pull-policy.js';
import { renderReproduction } from '../terminal/reproduction.js';
import { styleFor } from '../terminal/style.js';
import { BaseCommand } from './shared/base-command.js';
import { DEFAULT_DEFINITION } from './shared/definition-files.js';
import { EXIT } from './shared/exit-status.js';
import { loadDefinition } from './shared/load-definition.js';
import { REPLAY_FLAGS, readReplayFlags, underInterrupts } from './shared/replay-flags.js';
import { RUN_FLAGS, readRunFlags } from './shared/run-flags.js';
import { readServerFlags, SERVER_FLAGS } from './shared/server-flags.js';
import { simulationViews } from './shared/simulation-views.js';

export default class Reproduce extends BaseCommand {
  static override summary = 'Replay a run of a server here, and say whether it ends the same.';
  static override description =
    'URL is any address of the run. Its definition is fetched and replayed in a container here, on the very image that it had, where its console names the digest. Then status, reason, tests, artifacts and output are compared. The status is 0 when the replay passed, 1 when it failed, and 4 when nothing can be said.';
  static override examples = [
    {
      description: 'Does it fail here, too?',
      command: '<%= config.bin %> reproduce https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/',
    },
    {
      description: 'Is it flaky?',
      command:
        '<%= config.bin %> reproduce https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/ --repeat 5',
    },
    {
      description: 'What the script wrote there and here',
      command:
        '<%= config.bin %> reproduce https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/ --console-diff unit-test.diff',
    },
  ];
  static override enableJsonFlag = true;
  static override args = { url: Args.string({ required: true, ignoreStdin: true, description: 'the run' }) };
  static override flags = {
    file: RUN_FLAGS.file,
    secret: RUN_FLAGS.secret,
    'secret-file': RUN_FLAGS['secret-file'],
    ...SERVER_FLAGS,
    ...REPLAY_FLAGS,
    pull: Flags.option({ description: 'when to pull the image', options: PULL_POLICIES, default: 'always' as const })(),
    repeat: Flags.integer({ description: 'how often to replay it', helpValue: 'N', min: 1, default: 1 }),
    'console-diff': Flags.string({ description: 'write how the outputs differ to this file', helpValue: 'FILE' }),
  };

  async run(): Promise<ReproduceResult> {
    const { args, flags } = await this.parse(Reproduce);
    const quiet = this.jsonEnabled();
    const { secrets, flaggedSecrets } = await readRunFlags({
      secret: flags.secret,
      'secret-file': flags['secret-file'],
    });
    const request = {
      ...readReplayFlags(flags),
      address: args.url,
      repeat: flags.repeat,
      consoleDiff: flags['console-diff'],
      secrets,
      flaggedSecrets,
      access: readServerFlags(flags),
      loadDefinition: async () =>
        flags.file !== undefined || existsSync(DEFAULT_DEFINITION) ? loadDefinition(flags.file) : undefined,
      pull: flags.pull,
      begin: simulationViews({ quiet, sideBySide: false }),
    };
    return underInterrupts(
      (signal) => reproduce({ ...request, signal }),
      async (result, { status }) => {
        const width = process.stdout.columns ?? 100;
        if (!quiet) this.print(renderReproduction(result, await styleFor(process.stdout), width));
        this.endWith(status ?? statusOf(result));
      },
      (message, exit) => this.error(message, { exit }),
    );
  }
}

function statusOf({ verdict, local }: ReproduceResult): number {
  if (verdict === 'inconclusive') return EXIT.inconclusive;
  return local.some(({ status }) => status === 'FAILED') ? EXIT.failed : EXIT.passed;
}
