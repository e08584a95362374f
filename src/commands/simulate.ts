import { availableParallelism } from 'node:os';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { UsageError } from '../lib/index.js';
import type { StringMap } from '../schema/index.js';
import { isAddress } from '../server/index.js';
import {
  type DryRunResult,
  dryRun,
  exitStatus,
  type Interruption,
  isRundefFile,
  type RunResult,
  readGivenValues,
  type SimulateRequest,
  type SimulationResult,
  simulate,
} from '../simulator/index.js';
import {
  canAsk,
  chooseSome,
  openRunsView,
  printMessage,
  renderDryRun,
  renderSummary,
  simulationReport,
  styleFor,
} from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { chooseDefaults, describeDefaults, SETTINGS } from './shared/choose-defaults.js';
import { definitionPath, loadDefinition } from './shared/definitions.js';
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
  SERVER_FLAGS,
  SHELL_FLAG,
  shellFor,
  toggle,
  VIEW_FLAGS,
} from './shared/flags.js';
import { underInterrupts } from './shared/interrupts.js';
import { Reports } from './shared/reports.js';
import { watchRuns } from './shared/watch-runs.js';

/** The default of `--jobs` is not higher: more containers at a time disturb each other, and the person at the machine. */
const MOST_JOBS = 4;

export default class Simulate extends BaseCommand {
  static override summary = 'Execute runs in local containers, exactly as a worker would.';
  static override description =
    'RUN is the name of a run, trigger/run, a glob of either, a rundef file, or the URL of a run on its server. A run of a git trigger gets your working tree as it is, with its uncommitted changes, unless you choose another source. With --json the console is written to its file only.';
  static override examples = [
    { description: 'A run of ./.jobserv.yml, on your working tree', command: '<%= config.bin %> simulate unit-test' },
    {
      description: 'With a param and a secret from the environment',
      command: "<%= config.bin %> simulate 'build-*' --param BOARD=nrf52 --secret githubtok",
    },
    {
      description: 'What was pushed, instead of the working tree',
      command: '<%= config.bin %> simulate ci/build --source remote --pull always',
    },
    {
      description: 'A pull request, as it is on GitHub now',
      command: '<%= config.bin %> simulate pr/build --pr acme/blinky#12 --secret githubtok',
    },
    {
      description: 'A run of a server, with its secrets',
      command:
        '<%= config.bin %> simulate https://ci.example.org/projects/acme/blinky/builds/7/runs/build/ --secret githubtok',
    },
    {
      description: 'A build, and the builds that it triggers when it passes',
      command: "<%= config.bin %> simulate 'ci/*' --follow",
    },
    { description: 'What failed the last time', command: '<%= config.bin %> simulate --failed' },
    { description: 'Again with each change of a file', command: '<%= config.bin %> simulate ci/build --watch' },
    {
      description: 'The next step alone, with what an earlier one has built',
      command: '<%= config.bin %> simulate on-board --upstream ./workspace',
    },
    {
      description: 'With a page to look at, and JUnit for a CI server',
      command: "<%= config.bin %> simulate 'ci/*' --report runs.html --report runs.xml",
    },
    { description: 'Show what would be executed', command: '<%= config.bin %> simulate ci/build --dry-run' },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = { run: Args.string({ description: 'the runs; one or more names, globs, files or URLs' }) };
  static override flags = {
    ...RUN_FLAGS,
    source: Flags.option({
      description: 'the working tree, or a clone of GIT_URL; by default the working tree, where there is one',
      helpGroup: 'Source',
      options: ['local', 'remote'] as const,
    })(),
    pr: option(
      'Source',
      'OWNER/REPO#N',
      'the pull request for github_pr runs: its commit, or with --source local your tree',
    ),
    mr: option('Source', 'URL', 'the merge request for gitlab_mr runs: its commit, or with --source local your tree'),
    'api-url': option('Source', 'URL', 'the API of a self-hosted GitHub or GitLab'),
    ...SERVER_FLAGS,
    pull: pullFlag('missing'),
    ...REPLAY_FLAGS,
    ...VIEW_FLAGS,
    ...REPORT_FLAG,
    jobs: count('Engine', 'how many runs at a time; by default one a processor, at most 4, and 1 with --shell'),
    'fail-fast': toggle('Engine', 'when a run fails, begin no other, and interrupt those in progress'),
    failed: toggle('Input', 'only runs that failed or were interrupted the last time; without RUN, of all runs'),
    watch: Flags.boolean({
      description: 'run again when files change that the run would see; Enter runs now, f what failed, q quits',
      helpGroup: 'Engine',
      exclusive: ['dry-run', 'shell'],
    }),
    follow: FOLLOW_FLAG,
    upstream: option(
      'Source',
      'DIR|URL',
      'what triggered the runs, for H_TRIGGER_URL: the workspace of an earlier simulation, or the address of a run or build',
    ),
    shell: SHELL_FLAG,
    'dry-run': Flags.boolean({
      description: 'print each run definition and container; execute nothing',
      helpGroup: 'Output',
      exclusive: ['report'],
    }),
  };

  async run(): Promise<unknown> {
    const { argv, flags, raw } = await this.parse(Simulate);
    this.reports = await Reports.to(flags.report, 'simulate', this.config.version);
    const quiet = this.jsonEnabled();
    const dry = flags['dry-run'];
    const ofDefinition = (argv as string[]).every((word) => !isAddress(word) && !isRundefFile(word));
    const defaults = await chooseDefaults(ofDefinition ? definitionPath(flags.file) : undefined, SETTINGS);
    const origins = flags.verbose ? describeDefaults(defaults) : undefined;
    if (origins !== undefined) printMessage(`Defaults: ${origins}`);
    const usualJobs = () => defaults.values.jobs ?? Math.min(availableParallelism(), MOST_JOBS);
    const jobs = flags.jobs ?? (flags.shell === undefined ? usualJobs() : 1);
    const output = flags.output ?? defaults.values.output;
    if (flags.watch && quiet) throw new UsageError('--watch has no end to print JSON at. Leave --json or --watch out.');
    let secrets: StringMap = {};
    const given = async (signal: AbortSignal) => {
      const values = await readGivenValues({ ...flags, signal });
      secrets = values.secrets;
      return values;
    };
    const requestFor = async ({
      signal,
      lastSteps,
    }: Pick<Interruption, 'signal' | 'lastSteps'>): Promise<SimulateRequest> => ({
      ...readReplayFlags(flags, defaults),
      arguments: argv as string[],
      loadDefinition: () => loadDefinition(flags.file),
      ...(await given(signal)),
      access: readServerFlags(flags),
      project: flags.project,
      build: flags.build,
      source: flags.source,
      forge: { pr: flags.pr, mr: flags.mr, apiUrl: flags['api-url'] },
      choose: canAsk() ? (labels) => chooseSome('Which runs?', labels) : undefined,
      pull: flags.pull ?? defaults.values.pull ?? 'missing',
      jobs,
      failFast: flags['fail-fast'],
      failed: flags.failed,
      follow: flags.follow,
      upstream: flags.upstream,
      shell: flags.shell && shellFor(flags.shell, { jobs, json: quiet, dryRun: dry }),
      openView: (view) => openRunsView(view, quiet ? 'quiet' : output),
      signal,
      lastSteps,
    });
    const rerunOf = (words: string[]) =>
      rerun(['simulate', ...words], { raw, secrets }, ['jobs', 'watch', 'failed', 'fail-fast']);
    const again = (run: RunResult) => rerunOf(runAgain(run, argv as string[]));
    const show = async ({ runs }: SimulationResult) => {
      const summary = {
        style: styleFor(process.stdout),
        verbose: flags.verbose,
        consoleShown: output !== 'quiet',
        again: (run: RunResult | undefined) => (run === undefined ? rerunOf(runsAgain(argv as string[])) : again(run)),
      };
      if (!quiet && runs.length > 0) this.print(await renderSummary(runs, summary));
    };
    return underInterrupts<SimulationResult | DryRunResult>(
      async (interruption) => {
        const request = await requestFor(interruption);
        if (dry) {
          const planned = await dryRun(request);
          this.print(renderDryRun(planned.runs, styleFor(process.stdout)));
          if (interruption.status !== undefined) this.endWith(interruption.status);
          return planned;
        }
        const files = (argv as string[]).filter(isRundefFile).concat(flags['param-file'] ?? []);
        const watched = { first: request, again: requestFor, file: flags.file, files, show };
        const result = await (flags.watch ? watchRuns(interruption, watched) : simulate(request));
        const { status } = interruption;
        if (!flags.watch) await show(result);
        this.endWith(status ?? exitStatus(result.runs));
        await this.reports?.write(simulationReport(result.runs, again), result);
        return result;
      },
      () =>
        dry
          ? 'Stopping. Press Ctrl-C again to end at once.'
          : 'Stopping: the container is removed and the workspace is kept. Press Ctrl-C again to end at once.',
    );
  }
}

/** The arguments that execute a run again: its own name, where the definition has it. */
function runAgain({ trigger, run, startedBy }: RunResult, argv: string[]): string[] {
  return areNames(argv) && startedBy === undefined ? [`${trigger}/${run}`] : argv;
}

/** The arguments that execute what failed of several runs again; of rundefs, all of them. */
const runsAgain = (argv: string[]) => (areNames(argv) ? [...argv, '--failed'] : argv);

const areNames = (argv: string[]) => argv.every((word) => !isAddress(word) && !isRundefFile(word));
