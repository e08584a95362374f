/** What a simulation answers for a run: an element of `runs` in its JSON, and `result.json` (SPEC 7). */
import type { ArtifactFile, Environment, FailureCause, RunOutcome } from '../../executor/ports.js';
import type { Test } from '../../schema/model.js';
import type { Fidelity } from '../inputs/ledger.js';
import { unknownStatus } from '../test-grepping/console-status.js';
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

/** The outcome with the tests that the server reads from the console: a failed one fails the run (SPEC 4). */
export function withConsoleTests(outcome: RunOutcome, tests: readonly Test[]): RunOutcome {
  if (tests.length === 0) return outcome;
  const unknown = new Set(tests.flatMap(({ results }) => results.map(({ status }) => unknownStatus(status))));
  const warnings = [...unknown].filter((one) => one !== undefined).map((one) => `In the console, ${one}.`);
  const all = { ...outcome, tests: [...outcome.tests, ...tests], warnings: [...outcome.warnings, ...warnings] };
  const failed = tests.some(
    (test) => test.status === 'FAILED' || test.results.some(({ status }) => status === 'FAILED'),
  );
  if (!failed || outcome.status === 'FAILED') return all;
  return {
    ...all,
    status: 'FAILED',
    cause: 'tests',
    message: 'The test results in the console (test-grepping) hold a failure.',
  };
}

/** The result of a run that passed, where the server fails it for what the definition says. */
export function withServerFailure(result: RunResult, failure: string | undefined): RunResult {
  if (failure === undefined || result.status === 'FAILED') return result;
  return { ...result, status: 'FAILED', cause: 'server', message: `It passed here, and fails on a server: ${failure}` };
}

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
