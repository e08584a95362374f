import * as Args from '@oclif/core/args';
import {
  type ReproduceRequest,
  type ReproduceResult,
  readGivenValues,
  readSize,
  reproduce,
} from '../simulator/index.js';
import { openRunsView, readingProgress, renderReproduction, reproductionReport, styleFor } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { chooseDefaults } from './shared/choose-defaults.js';
import { findDefinition, loadDefinition } from './shared/definitions.js';
import { EXIT } from './shared/errors.js';
import {
  count,
  FOLLOW_FLAG,
  option,
  pullFlag,
  REPLAY_FLAGS,
  REPORT_FLAG,
  RUN_FLAGS,
  readReplayFlags,
  readServerFlags,
  rerun,
  SECRET_FLAGS,
  SERVER_FLAGS,
  SHELL_FLAG,
  shellFor,
} from './shared/flags.js';
import { underInterrupts } from './shared/interrupts.js';
import { Reports } from './shared/reports.js';

export default class Reproduce extends BaseCommand {
  static override summary = 'Replay a run of a server here, and compare the two.';
  static override description =
    'URL is any address of the run. Its run definition is fetched and replayed in a local container, with the very image that the server used, if its console names the digest. Then status, reason, tests, artifacts and output are compared. The exit status is 0 when the replay passed, 1 when it failed, and 4 when the comparison is inconclusive.';
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
      description: 'A page with both consoles side by side, to send to somebody',
      command:
        '<%= config.bin %> reproduce https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/ --report unit-test.html',
    },
    {
      description: 'A shell where it failed',
      command:
        '<%= config.bin %> reproduce https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/ --shell on-failure',
    },
    {
      description: 'The differences between both outputs, as a file',
      command:
        '<%= config.bin %> reproduce https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/ --console-diff unit-test.diff',
    },
  ];
  static override enableJsonFlag = true;
  static override args = { url: Args.string({ required: true, ignoreStdin: true, description: 'the run' }) };
  static override flags = {
    file: RUN_FLAGS.file,
    param: RUN_FLAGS.param,
    ...SECRET_FLAGS,
    ...SERVER_FLAGS,
    pull: pullFlag('always'),
    ...REPLAY_FLAGS,
    ...REPORT_FLAG,
    shell: SHELL_FLAG,
    follow: FOLLOW_FLAG,
    repeat: { ...count('Engine', 'how often to replay it; by default once'), exclusive: ['follow'] },
    'max-console': option(
      'Input',
      'SIZE',
      "the longest console to read from the server, by default 1g; it is on this machine's disk until the end",
    ),
    'console-diff': option('Output', 'FILE', 'write the differences between both outputs to this file'),
  };

  async run(): Promise<ReproduceResult> {
    const { args, flags, raw } = await this.parse(Reproduce);
    this.reports = await Reports.to(flags.report, 'reproduce', this.config.version);
    const quiet = this.jsonEnabled();
    const keepConsoles = this.reports.page;
    const defaults = await chooseDefaults(undefined, ['memory', 'shared-volume']);
    let replaying = false;
    return underInterrupts(
      async (interruption) => {
        const given = await readGivenValues({
          param: flags.param,
          secret: flags.secret,
          'secret-file': flags['secret-file'],
          signal: interruption.signal,
        });
        const again: ReproduceRequest['again'] = ([command, ...words], url) =>
          command === 'doctor'
            ? 'jobserv doctor'
            : rerun(
                [command, url, ...words],
                { raw, secrets: given.secrets },
                command === 'simulate' ? OWN : words.includes('--repeat') ? ['follow'] : [],
              );
        return reproduce({
          ...readReplayFlags(flags, defaults),
          ...given,
          address: args.url,
          repeat: flags.repeat ?? 1,
          follow: flags.follow,
          maxConsole: readSize('--max-console', flags['max-console'] ?? '1g', '1k'),
          onConsole: quiet ? () => {} : readingProgress('the console of the run'),
          consoleDiff: flags['console-diff'],
          access: readServerFlags(flags),
          loadDefinition: async () =>
            flags.file !== undefined || findDefinition() !== undefined ? loadDefinition(flags.file) : undefined,
          pull: flags.pull ?? 'always',
          shell: flags.shell && shellFor(flags.shell, { jobs: 1, json: quiet, dryRun: false }),
          openView: (view) => {
            replaying = true;
            return openRunsView(view, quiet ? 'quiet' : undefined);
          },
          again,
          keepConsoles,
          conclude: async (result, consoles) => {
            this.print(renderReproduction(result, styleFor(process.stdout), process.stdout.columns ?? 100));
            this.endWith(interruption.status ?? statusOf(result));
            const report = reproductionReport(result, consoles, again(['reproduce'], result.server.url));
            await this.reports?.write(report, result);
          },
          signal: interruption.signal,
          lastSteps: interruption.lastSteps,
        });
      },
      () =>
        replaying
          ? 'Stopping: the container is removed and the workspace is kept. Press Ctrl-C again to end at once.'
          : 'Stopping: nothing was executed yet. Press Ctrl-C again to end at once.',
    );
  }
}

/** Flags that `simulate` does not have, or has for something else. */
const OWN = ['file', 'repeat', 'console-diff', 'max-console'];

function statusOf({ verdict, local, followed = [] }: ReproduceResult): number {
  if (verdict === 'inconclusive') return EXIT.inconclusive;
  return [...local, ...followed].some(({ status }) => status === 'FAILED') ? EXIT.failed : EXIT.passed;
}
