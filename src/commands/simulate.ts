import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { DryRunResult } from '../simulator/run/dry-run.js';
import { PULL_POLICIES } from '../simulator/run/pull-policy.js';
import { exitStatus, type SimulationResult } from '../simulator/run/run-result.js';
import { SHELL_WISHES } from '../simulator/run/shell.js';
import { type SimulateRequest, simulate } from '../simulator/run/simulate.js';
import { canAsk, chooseSome } from '../terminal/prompts.js';
import { styleFor } from '../terminal/style.js';
import { renderSummary } from '../terminal/summary.js';
import { BaseCommand } from './shared/base-command.js';
import { loadDefinition } from './shared/load-definition.js';
import { REPLAY_FLAGS, readReplayFlags, underInterrupts } from './shared/replay-flags.js';
import { RUN_FLAGS, readRunFlags } from './shared/run-flags.js';
import { readServerFlags, SERVER_FLAGS } from './shared/server-flags.js';
import { shellFor } from './shared/shell-flag.js';
import { simulationViews } from './shared/simulation-views.js';

export default class Simulate extends BaseCommand {
  static override summary = 'Run runs in containers here, as a worker would.';
  static override description =
    'RUN is a run, trigger/run, a glob of either, a rundef file, or the address of a run on its server. A git run gets the working tree as it is, unless another source is asked for. With --json the console is only in its file.';
  static override examples = [
    { description: 'A run of ./.jobserv.yml, on the working tree', command: '<%= config.bin %> simulate unit-test' },
    {
      description: 'With a param and a secret from the environment',
      command: "<%= config.bin %> simulate 'build-*' --param BOARD=nrf52 --secret githubtok",
    },
    {
      description: 'What was pushed, not what lies here',
      command: '<%= config.bin %> simulate ci/build --source remote --pull always',
    },
    {
      description: 'A pull request, as it is on GitHub now',
      command: '<%= config.bin %> simulate pr/build --pr acme/blinky#12 --secret githubtok',
    },
    {
      description: 'A run that a server has, with its secrets',
      command:
        '<%= config.bin %> simulate https://ci.example.org/projects/acme/blinky/builds/7/runs/build/ --secret githubtok',
    },
    {
      description: 'A build, and what it starts when it passes',
      command: "<%= config.bin %> simulate 'ci/*' --follow",
    },
    { description: 'Only show what would run', command: '<%= config.bin %> simulate ci/build --dry-run' },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = { run: Args.string({ description: 'which runs; several may be named' }) };
  static override flags = {
    ...RUN_FLAGS,
    ...SERVER_FLAGS,
    ...REPLAY_FLAGS,
    pull: Flags.option({
      description: 'when to pull the image',
      options: PULL_POLICIES,
      default: 'missing' as const,
    })(),
    source: Flags.option({
      description: 'working tree, or clone of GIT_URL; by default the working tree, where there is one',
      options: ['local', 'remote'] as const,
    })(),
    pr: Flags.string({
      description: 'the pull request that github_pr runs are of; its commit is run, or with --source local the tree',
      helpValue: 'OWNER/REPO#N',
    }),
    mr: Flags.string({
      description: 'the merge request that gitlab_mr runs are of; its commit is run, or with --source local the tree',
      helpValue: 'URL',
    }),
    'api-url': Flags.string({ description: 'where the API of a self-hosted GitHub or GitLab is', helpValue: 'URL' }),
    jobs: Flags.integer({ description: 'how many runs at a time', helpValue: 'N', min: 1, default: 1 }),
    follow: Flags.boolean({
      description: 'go on with the runs that triggers start, when a run or all of a build have passed',
    }),
    shell: Flags.option({
      description: "a shell after the run, in a container like the run's",
      options: SHELL_WISHES,
    })(),
    'dry-run': Flags.boolean({ description: 'show each run definition and container, run nothing' }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Simulate);
    const quiet = this.jsonEnabled();
    const request: Omit<SimulateRequest, 'signal'> = {
      ...readReplayFlags(flags),
      arguments: argv as string[],
      loadDefinition: () => loadDefinition(flags.file),
      ...(await readRunFlags(flags)),
      access: readServerFlags(flags),
      project: flags.project,
      build: flags.build,
      source: flags.source,
      forge: { pr: flags.pr, mr: flags.mr, apiUrl: flags['api-url'] },
      choose: canAsk() ? (labels) => chooseSome('Which runs?', labels) : undefined,
      pull: flags.pull,
      jobs: flags.jobs,
      follow: flags.follow,
      shell: flags.shell && shellFor(flags.shell, { jobs: flags.jobs, json: quiet, dryRun: flags['dry-run'] }),
      begin: simulationViews({ quiet, sideBySide: flags.jobs > 1 }),
    };
    return flags['dry-run'] ? this.dryRun(request, quiet) : this.simulate(request, quiet);
  }

  private simulate(request: Omit<SimulateRequest, 'signal'>, quiet: boolean): Promise<SimulationResult> {
    return underInterrupts(
      (signal) => simulate({ ...request, signal }),
      async ({ runs }, { status }) => {
        if (!quiet) process.stdout.write(renderSummary(runs, await styleFor(process.stdout)));
        this.endWith(status ?? exitStatus(runs));
      },
      (message, exit) => this.error(message, { exit }),
    );
  }

  private dryRun(request: Omit<SimulateRequest, 'signal'>, quiet: boolean): Promise<DryRunResult> {
    return underInterrupts(
      (signal) => ({
        result: import('../simulator/run/dry-run.js').then(({ dryRun }) => dryRun({ ...request, signal })),
        abandon: () => {},
      }),
      (planned) => {
        if (!quiet) for (const one of planned.runs) this.logJson(one);
      },
      (message, exit) => this.error(message, { exit }),
    );
  }
}
