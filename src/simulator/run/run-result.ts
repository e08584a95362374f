/** What a simulation answers for a run: an element of `runs` in its JSON, and `result.json` (SPEC 7). */

import { join } from 'node:path';
import type {
  ArtifactFile,
  Environment,
  FailureCause,
  Journal,
  Masker,
  Phase,
  RunFailure,
  RunOutcome,
} from '../../executor/index.js';
import { monotonicMs } from '../../lib/index.js';
import {
  type GreppedTests,
  RESULT_STATUSES,
  type RunDefinition,
  type StringMap,
  type Test,
  UNFINISHED_STATUSES,
} from '../../schema/index.js';
import { type Fidelity, unknownSecrets } from '../inputs/ledger.js';
import { HIDDEN_VALUE } from '../inputs/secrets.js';
import type { PlannedRun } from '../plan/planned-run.js';
import type { Post } from '../run-server/served-run.js';
import { CONSOLE } from '../workspace/workspace-names.js';

export interface RunResult {
  trigger: string;
  run: string;
  /** What started it, with `--follow`: `trigger/run`, or a trigger whose runs have all passed. */
  startedBy?: string;
  /** INTERRUPTED: the user ended it; NOT_STARTED: the simulation ended before it. */
  status: 'PASSED' | 'FAILED' | 'INTERRUPTED' | 'NOT_STARTED';
  /**
   * `triggers`: the server could not start what it was to start. `server`: it fails at the definition, whatever the
   * run does; `validate` reports it.
   */
  cause?: FailureCause | 'triggers' | 'server';
  message?: string;
  /** The part of the environment that was not there, where that is why the run failed. */
  environment?: Environment;
  exitCode?: number;
  /** ISO 8601, UTC; absent where nothing was started: then `console` may be that of another run. */
  startedAt?: string;
  durationMs: number;
  phases: PhaseTime[];
  image: { reference: string; digest?: string };
  tests: Test[];
  artifacts: ArtifactFile[];
  /** Absolute paths; of a run that was not started, where an earlier one may have left something. */
  workspace: string;
  console: string;
  fidelity: Fidelity;
  /** What the script posted to the run's server; absent when there is nothing. */
  posts?: Post[];
  /** What was not as it should be and did not fail the run; absent when there is nothing. */
  warnings?: string[];
}

export interface PhaseTime<Name = Phase> {
  name: Name;
  durationMs: number;
}

/** The working tree is copied, workspaces are cleared of earlier runs, checkouts and copies are removed. */
export type OutsidePhase = 'tree' | 'clear' | 'clean-up';

export interface SimulationResult {
  version: 1;
  status: 'PASSED' | 'FAILED';
  /** What the simulation did outside of its runs; of several runs together. */
  phases: PhaseTime<OutsidePhase>[];
  runs: RunResult[];
  /** What was left out; absent when there is nothing. */
  warnings?: string[];
}

/**
 * The outcome with the tests that the server reads from the console. A failed one fails the run (SPEC 4); so does what
 * the server cannot take, for it never completes such a run, and what could not be read here.
 */
export function withConsoleTests(outcome: RunOutcome, grepped: GreppedTests | undefined): RunOutcome {
  if (grepped === undefined) return outcome;
  const { tests, failed, more } = grepped;
  const troubles = [...new Map(grepped.troubles.map((trouble) => [trouble.message, trouble])).values()];
  const reasons = troubles.map(({ line, message }) =>
    line === null
      ? `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
      : `In line ${line} of the console, ${message}.`,
  );
  const warnings =
    more === 0 ? [] : [`The console holds ${more} more test results than are kept: ${tests.length} tests are listed.`];
  const all = {
    ...outcome,
    tests: [...outcome.tests, ...tests.map(withDocumentedStatus)],
    warnings: [...outcome.warnings, ...warnings],
  };
  if (outcome.status === 'FAILED') return { ...all, warnings: [...all.warnings, ...reasons] };
  if (reasons.length > 0) {
    const [message, ...others] = reasons as [string, ...string[]];
    return { ...all, warnings: [...all.warnings, ...others], status: 'FAILED', cause: 'tests', message };
  }
  if (!failed) return all;
  const message = 'The test results in the console (test-grepping) hold a failure.';
  return { ...all, status: 'FAILED', cause: 'tests', message };
}

/** A word that is no result of a finished test: FAILED where the server cannot take it, SKIPPED where it takes it and waits. */
function withDocumentedStatus(test: Test): Test {
  return {
    ...test,
    status: documented(test.status),
    results: test.results.map((result) => {
      const status = documented(result.status);
      return status === result.status ? result : { ...result, status, output: `The console says ${result.status}.` };
    }),
  };
}

const documented = (status: string) =>
  RESULT_STATUSES.includes(status) ? status : UNFINISHED_STATUSES.includes(status) ? 'SKIPPED' : 'FAILED';

/** The reason of a failed script names the secrets that it reads and that nobody gave. */
export function withMissingSecrets(outcome: RunOutcome, { rundef }: PlannedRun): RunOutcome {
  if (outcome.status !== 'FAILED' || (outcome.cause !== 'script' && outcome.cause !== 'tests')) return outcome;
  const names = unknownSecrets(rundef.script ?? '', rundef.secrets ?? {});
  if (names.length === 0) return outcome;
  const files = names.map((name) => `/secrets/${name}`).join(', ');
  const message = `${outcome.message} The script names ${files}, and no such secret was given.`;
  return { ...outcome, message };
}

/** The result of a run that passed, where the server fails it for what the definition says. */
export function withServerFailure(result: RunResult, failure: string | undefined): RunResult {
  if (failure === undefined || result.status !== 'PASSED') return result;
  return {
    ...result,
    status: 'FAILED',
    cause: 'server',
    message: `It passed here and would fail on a server: ${failure}`,
  };
}

/** The result of a run that passed, where the server then stumbles over what it is to start. */
export function withStartFault(result: RunResult, fault: string | undefined): RunResult {
  return fault === undefined ? result : { ...result, status: 'FAILED', cause: 'triggers', message: fault };
}

/** 0, 1 for a run that failed or did not run, 3 where only the environment failed (SPEC 7). */
export function exitStatus(runs: readonly RunResult[]): 0 | 1 | 3 {
  if (runs.every(({ status }) => status === 'PASSED')) return 0;
  const failed = runs.filter(({ status }) => status === 'FAILED');
  return failed.length > 0 && failed.every(({ environment }) => environment !== undefined) ? 3 : 1;
}

/** Whether a run failed for want of something that every other run needs, too: they would fail in the same way. */
export function haltsOthers({ status, environment }: RunResult): boolean {
  return status === 'FAILED' && (environment === 'engine' || environment === 'disk');
}

export function resultOf(
  planned: PlannedRun,
  outcome: RunOutcome,
  rest: Pick<RunResult, 'startedAt' | 'durationMs' | 'phases' | 'fidelity' | 'posts'>,
): RunResult {
  const { exitCode, image, tests, artifacts, warnings } = outcome;
  return {
    ...namesOf(planned),
    status: wasInterrupted(outcome) ? 'INTERRUPTED' : outcome.status,
    ...(outcome.status === 'FAILED' ? failureOf(outcome) : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...rest,
    image: { reference: planned.rundef.container, ...(image?.digest === undefined ? {} : { digest: image.digest }) },
    tests,
    artifacts,
    ...placesOf(planned),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** By the user; where output is lost, that is a failure of the environment. */
function wasInterrupted(outcome: RunOutcome): boolean {
  return outcome.status === 'FAILED' && outcome.cause === 'interrupted' && outcome.environment === undefined;
}

/** @param message why: a sentence */
export function notStarted(planned: PlannedRun, message: string): RunResult {
  return {
    ...namesOf(planned),
    status: 'NOT_STARTED',
    message,
    durationMs: 0,
    phases: [],
    image: { reference: planned.rundef.container },
    tests: [],
    artifacts: [],
    ...placesOf(planned),
    fidelity: { exact: false, differences: planned.differences },
  };
}

/** The run has no workspace: the results of the others are not lost for that. */
export function unopened(planned: PlannedRun, { message, environment = 'disk' }: RunFailure): RunResult {
  const { differences } = planned;
  const fidelity = { exact: differences.length === 0, differences };
  return { ...notStarted(planned, message), status: 'FAILED', cause: 'setup', environment, fidelity };
}

const namesOf = ({ trigger, run, startedBy }: PlannedRun) => ({
  trigger,
  run,
  ...(startedBy === undefined ? {} : { startedBy }),
});

const placesOf = ({ root }: PlannedRun) => ({ workspace: root, console: join(root, CONSOLE) });

function failureOf({ cause, message, environment }: RunOutcome & { status: 'FAILED' }) {
  return { cause, message, ...(environment === undefined ? {} : { environment }) };
}

/** What came from the run may hold secrets; what is ours (states, paths, times) is left alone. */
export function maskedResult(result: RunResult, masker: Masker): RunResult {
  if (masker.empty) return result;
  const { message, tests, artifacts, image, fidelity, posts, warnings } = result;
  return {
    ...result,
    ...masker.values({ tests, artifacts, image, fidelity }),
    ...(message === undefined ? {} : { message: masker.text(message) }),
    ...(posts === undefined ? {} : { posts: masker.values(posts) }),
    ...(warnings === undefined ? {} : { warnings: masker.values(warnings) }),
  };
}

/** The run definition as a server shows it to those who may not see secrets, so that it can be simulated again. */
export function keptRunDefinition(rundef: RunDefinition, masker: Masker): RunDefinition {
  const hidden: StringMap = Object.create(null);
  for (const name of Object.keys(rundef.secrets ?? {})) hidden[name] = HIDDEN_VALUE;
  return { ...masker.values({ ...rundef, secrets: null, api_key: '' }), secrets: hidden };
}

/** How long each phase took; what comes several times is added up. */
export class Times<Name> {
  readonly #times = new Map<Name, number>();

  add(name: Name, ms: number): void {
    this.#times.set(name, (this.#times.get(name) ?? 0) + ms);
  }

  during<T>(name: Name, work: Promise<T>): Promise<T> {
    const begun = monotonicMs();
    return work.finally(() => this.add(name, monotonicMs() - begun));
  }

  /** In the order in which they first ended. */
  list(): PhaseTime<Name>[] {
    return [...this.#times].map(([name, durationMs]) => ({ name, durationMs: Math.round(durationMs) }));
  }
}

/** A journal that keeps how long each phase took; a reboot begins some of them again. */
export class PhaseTimes extends Times<Phase> implements Journal {
  readonly #begun = new Map<Phase, number>();

  begin(phase: Phase): void {
    this.#begun.set(phase, monotonicMs());
  }

  end(phase: Phase): void {
    this.add(phase, monotonicMs() - (this.#begun.get(phase) ?? monotonicMs()));
  }
}
