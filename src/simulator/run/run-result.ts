/** What a simulation answers for a run: an element of `runs` in its JSON, and `result.json` (SPEC 7). */
import type { ArtifactFile, Environment, FailureCause, RunOutcome } from '../../executor/ports.js';
import { RESULT_STATUSES, type Test, UNFINISHED_STATUSES } from '../../schema/model.js';
import type { GreppedTests } from '../../schema/test-grepper.js';
import type { Fidelity } from '../inputs/ledger.js';
import type { PhaseTime } from './phase-times.js';

export interface RunResult {
  trigger: string;
  run: string;
  /** What started it, with `--follow`: `trigger/run`, or a trigger whose runs have all passed. */
  startedBy?: string;
  status: 'PASSED' | 'FAILED';
  /**
   * `triggers`: the server could not start what it was to start. `server`: it fails at the definition, whatever the
   * run does; `validate` reports it.
   */
  cause?: FailureCause | 'triggers' | 'server';
  message?: string;
  /** The part of the environment that was not there, where that is why the run failed. */
  environment?: Environment;
  exitCode?: number;
  /** ISO 8601, UTC. */
  startedAt: string;
  durationMs: number;
  phases: PhaseTime[];
  image: { reference: string; digest?: string };
  tests: Test[];
  artifacts: ArtifactFile[];
  /** Absolute paths. */
  workspace: string;
  console: string;
  fidelity: Fidelity;
  /** What was not as it should be and did not fail the run; absent when there is nothing. */
  warnings?: string[];
}

export interface SimulationResult {
  version: 1;
  status: 'PASSED' | 'FAILED';
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

/** The result of a run that passed, where the server fails it for what the definition says. */
export function withServerFailure(result: RunResult, failure: string | undefined): RunResult {
  if (failure === undefined || result.status === 'FAILED') return result;
  return { ...result, status: 'FAILED', cause: 'server', message: `It passed here, and fails on a server: ${failure}` };
}
const documented = (status: string) =>
  RESULT_STATUSES.includes(status) ? status : UNFINISHED_STATUSES.includes(status) ? 'SKIPPED' : 'FAILED';

/** The result of a run that passed, where the server then stumbles over what it is to start. */
export function withStartFault(result: RunResult, fault: string | undefined): RunResult {
  return fault === undefined ? result : { ...result, status: 'FAILED', cause: 'triggers', message: fault };
}

/** 0, 1 for a run that failed, 3 where only the environment failed (SPEC 7). */
export function exitStatus(runs: readonly RunResult[]): 0 | 1 | 3 {
  const failed = runs.filter(({ status }) => status === 'FAILED');
  if (failed.length === 0) return 0;
  return failed.every(({ environment }) => environment !== undefined) ? 3 : 1;
}
