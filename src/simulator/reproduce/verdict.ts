/** One verdict, with its reason and what to try next: pure. */
import { isRefusal } from '../../docker/index.js';
import type { RunResult } from '../run/run-result.js';
import { endedAlike, failedTests, setupOf } from './compare.js';
import type { SetupStep } from './console-story.js';
import { hasEnded, NOT_THE_RUNS, type ServerSide } from './server-run.js';

export type Verdict = 'reproduced' | 'not-reproduced' | 'flaky' | 'inconclusive';

export interface Judgement {
  verdict: Verdict;
  /** A sentence. */
  reason: string;
  /** What to try next. */
  next: NextStep[];
}

/** A sentence, or a command of this program: its name and flags, about the same run. */
export type NextStep = string | readonly ['simulate' | 'reproduce' | 'doctor', ...string[]];

/** Why no replay can give a verdict; undefined when one can. */
export function hopeless(server: Pick<ServerSide, 'status' | 'cause' | 'message'>): Judgement | undefined {
  const { status, cause, message } = server;
  if (!hasEnded(server)) {
    const reason = `The run is ${status} on the server: there is no result yet to compare a replay with.`;
    return inconclusive(reason, ['Wait until it has ended, or run it here now:', ['simulate']]);
  }
  if (status !== 'FAILED' || cause === undefined || !NOT_THE_RUNS.has(cause)) return undefined;
  const stated = message === undefined ? '' : ` (${message.replace(/\.$/, '')})`;
  const reason = `The run did not end by itself on the server: ${WHAT[cause] ?? cause}${stated}.`;
  return inconclusive(reason, ['See what it does when it is left alone:', ['simulate']]);
}

const WHAT: Readonly<Record<string, string>> = {
  'not-started': 'no worker ever had it',
  cancelled: 'it was cancelled',
  lost: 'its worker, or its container, went away',
  artifacts: 'its artifacts could not be uploaded',
  interrupted: 'its worker was stopped',
};

/** @param locals at least one, in their order */
export function judge(server: ServerSide, locals: readonly RunResult[]): Judgement {
  const stopped = hopeless(server);
  if (stopped !== undefined) return stopped;
  const unable = locals.find((local) => couldNotRun(server, local));
  if (unable !== undefined) {
    return inconclusive(`The run cannot be replayed here: ${unable.message ?? 'it did not start'}`, repairs(unable));
  }
  const alike = locals.filter((local) => endedAlike(server, local)).length;
  const count = locals.length;
  if (alike === count) return { verdict: 'reproduced', ...sameEnd(server, locals) };
  const passed = locals.filter(({ status }) => status === 'PASSED').length;
  if (alike > 0 || (passed > 0 && passed < count)) {
    return {
      verdict: 'flaky',
      reason: `It does not always end the same: ${alike} of ${count} replays ended as on the server, ${passed} passed.`,
      next: [
        'Look at a replay that did not end as the run did; the report has both consoles:',
        ['reproduce', '--repeat', `${count}`, '--report', 'replays.html'],
      ],
    };
  }
  return { verdict: 'not-reproduced', ...otherEnd(server, locals) };
}

const ORDER: readonly SetupStep[] = ['pull', 'prepare', 'start'];

/** The environment here, not the run: the replay says nothing about it. */
function couldNotRun(server: ServerSide, local: RunResult): boolean {
  const { status, cause, environment, message = '' } = local;
  if (status !== 'FAILED') return false;
  // The registry says "no" here as it did there.
  if (server.setup === 'pull' && environment === 'registry' && isRefusal(message)) return false;
  if (environment !== undefined || cause === 'lost' || cause === 'cancelled' || cause === 'interrupted') return true;
  if (cause !== 'setup') return false;
  return server.cause !== 'setup' || ORDER.indexOf(setupOf(local)) < ORDER.indexOf(server.setup ?? 'pull');
}

function sameEnd(server: ServerSide, locals: readonly RunResult[]): Omit<Judgement, 'verdict'> {
  const times = locals.length === 1 ? '' : `, in each of ${locals.length} replays`;
  if (server.status === 'PASSED') {
    return { reason: `It passed on the server, and still passes here${times}.`, next: [] };
  }
  return {
    reason: `It fails here as it failed on the server${times}: ${why(server, locals[0])}.`,
    next: NEXT[server.cause ?? 'unknown'] ?? LOOK,
  };
}

function why(server: ServerSide, local: RunResult | undefined): string {
  switch (server.cause) {
    case 'script':
      return `the script fails${exit(server)}`;
    case 'tests':
      return `the same tests fail${listed(failedTests(server.tests))}`;
    case 'timeout':
      return 'it takes longer than its timeout';
    case 'setup': {
      const stated = local?.message === undefined ? '' : ` (${local.message.replace(/\.$/, '')})`;
      return `${CANNOT[server.setup ?? 'prepare']}${stated}`;
    }
    default:
      return 'for the same reason, as far as its console says';
  }
}

const CANNOT: Readonly<Record<SetupStep, string>> = {
  pull: 'its image cannot be pulled',
  prepare: 'it cannot be set up',
  start: 'its container cannot be started',
};

const LOOK: NextStep[] = [
  'Look into it in a shell, in the image and folders of the run:',
  ['reproduce', '--shell', 'on-failure'],
];
const NEXT: Readonly<Record<string, NextStep[]>> = {
  timeout: ['See in its console what takes so long, or give it more minutes with the timeout of the definition.'],
  setup: ['Correct what the reason names, in the definition or in its secrets: the script was not even started.'],
};

/** So many tests are named. */
const NAMED = 3;

function listed(names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  return `: ${names.slice(0, NAMED).join(', ')}${more}`;
}

const exit = ({ cause, exitCode }: ServerSide): string =>
  cause === 'script' && exitCode !== undefined ? ` with status ${exitCode}` : '';

const FLAKY: NextStep = ['reproduce', '--repeat', '5'];

function otherEnd(server: ServerSide, locals: readonly RunResult[]): Omit<Judgement, 'verdict'> {
  const [first] = locals;
  const doubts = first === undefined ? [] : first.fidelity.differences.map(({ message }) => message);
  const next: NextStep[] = [
    ...(doubts.length > 0 ? [`What differs from the worker's run may be why: ${doubts.join(' ')}`] : []),
    ...(locals.length === 1 ? ['It may be flaky. Replay it several times:', FLAKY] : []),
  ];
  if (first?.status === 'PASSED') {
    const why =
      server.cause === 'setup' && server.message !== undefined ? ` (${server.message.replace(/\.$/, '')})` : '';
    return { reason: `It failed on the server${why}, and passes here.`, next };
  }
  if (server.status === 'PASSED') {
    return { reason: `It passed on the server, and fails here: ${first?.message ?? first?.cause ?? ''}`, next };
  }
  return { reason: `It fails here too, but in another way: ${first?.message ?? first?.cause ?? ''}`, next };
}

function repairs(local: RunResult): NextStep[] {
  if (local.environment === 'registry' || (local.cause === 'setup' && setupOf(local) === 'pull')) {
    return [
      'Name an image that can be pulled here, with --image FROM=TO, or use one that is here already:',
      ['reproduce', '--pull', 'missing'],
    ];
  }
  return ['See what is missing here, and try again:', ['doctor']];
}

function inconclusive(reason: string, next: NextStep[]): Judgement {
  return { verdict: 'inconclusive', reason, next };
}
