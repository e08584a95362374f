import { existsSync } from 'node:fs';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { DEFAULT_DEFINITION } from '../cli/definition-files.js';
import { EXIT } from '../cli/exit-status.js';
import { loadDefinition } from '../cli/load-definition.js';
import { REPLAY_FLAGS } from '../cli/replay-flags.js';
import { RUN_FLAGS, readRunFlags } from '../cli/run-flags.js';
import { readServerFlags, SERVER_FLAGS } from '../cli/server-flags.js';
import { simulationViews } from '../cli/simulation-views.js';
import { watchInterrupts } from '../simulator/interruption.js';
import { readMemory, readPairs } from '../simulator/pairs.js';
import { PULL_POLICIES } from '../simulator/pull-policy.js';
import { type ReproduceResult, reproduce } from '../simulator/reproduce/reproduce.js';
import { readSharedVolumes } from '../simulator/shared-volumes.js';
import { askHidden, canAsk } from '../terminal/prompts.js';
import { renderReproduction } from '../terminal/reproduction.js';
import { styleFor } from '../terminal/style.js';

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
    const tell = (message: string) => process.stderr.write(`${message}\n`);
    let abandon = () => {};
    const interruption = watchInterrupts(
      () => tell('Stopping: the container is removed, the workspace stays. Once more to end at once.'),
      () => abandon(),
    );
    try {
      const reproduction = reproduce({
        address: args.url,
        repeat: flags.repeat,
        consoleDiff: flags['console-diff'],
        secrets: (await readRunFlags({ secret: flags.secret, 'secret-file': flags['secret-file'] })).secrets,
        access: readServerFlags(flags),
        loadDefinition: async () =>
          flags.file !== undefined || existsSync(DEFAULT_DEFINITION) ? loadDefinition(flags.file) : undefined,
        images: readPairs('image', flags.image ?? []),
        workspace: flags.workspace,
        ask: canAsk() ? askHidden : undefined,
        pull: flags.pull,
        sharedVolumes: readSharedVolumes(flags['shared-volume'] ?? []),
        memoryBytes: flags.memory === undefined ? undefined : readMemory(flags.memory),
        showDockerConfig: flags['docker-config'],
        keep: flags.keep,
        begin: simulationViews({ quiet, sideBySide: false }),
        warn: (message) => tell(`Warning: ${message}`),
        signal: interruption.signal,
      });
      abandon = reproduction.abandon;
      const result = await reproduction.result;
      const width = process.stdout.columns ?? 100;
      if (!quiet) this.print(renderReproduction(result, await styleFor(process.stdout), width));
      this.endWith(interruption.status ?? statusOf(result));
      return result;
    } catch (error) {
      if (interruption.status !== undefined) this.error((error as Error).message, { exit: interruption.status });
      throw error;
    } finally {
      interruption.dispose();
    }
  }
}

function statusOf({ verdict, local }: ReproduceResult): number {
  if (verdict === 'inconclusive') return EXIT.inconclusive;
  return local.some(({ status }) => status === 'FAILED') ? EXIT.failed : EXIT.passed;
}
