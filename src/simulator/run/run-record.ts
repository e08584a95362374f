/** What a workspace keeps of its run, and a simulation answers: with the secrets masked. */
import { writeFileSync } from 'node:fs';
import type { Masker } from '../../executor/masking.js';
import type { RunOutcome } from '../../executor/ports.js';
import type { RunDefinition, StringMap } from '../../schema/model.js';
import { HIDDEN_VALUE } from '../inputs/missing-secrets.js';
import type { PlannedRun } from '../plan/planned-run.js';
import type { RunResult } from './run-result.js';

/** As a server shows it to who may not see secrets, so that it can be simulated again. */
export function keptRunDefinition(rundef: RunDefinition, masker: Masker): RunDefinition {
  const hidden: StringMap = Object.create(null);
  for (const name of Object.keys(rundef.secrets ?? {})) hidden[name] = HIDDEN_VALUE;
  return { ...masker.values({ ...rundef, secrets: null, api_key: '' }), secrets: hidden };
}

/** A new file, for its owner alone. */
export function writePrivately(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
}

type Rest = Pick<RunResult, 'startedAt' | 'durationMs' | 'phases' | 'workspace' | 'console' | 'fidelity' | 'warnings'>;

export function resultOf({ trigger, run, startedBy, rundef }: PlannedRun, outcome: RunOutcome, rest: Rest): RunResult {
  const { status, exitCode, image, tests, artifacts } = outcome;
  return {
    trigger,
    run,
    ...(startedBy === undefined ? {} : { startedBy }),
    status,
    ...(outcome.status === 'FAILED' ? failureOf(outcome) : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    startedAt: rest.startedAt,
    durationMs: rest.durationMs,
    phases: rest.phases,
    image: { reference: rundef.container, ...(image?.digest === undefined ? {} : { digest: image.digest }) },
    tests,
    artifacts,
    workspace: rest.workspace,
    console: rest.console,
    fidelity: rest.fidelity,
    ...(rest.warnings === undefined ? {} : { warnings: rest.warnings }),
  };
}

function failureOf({ cause, message, environment }: RunOutcome & { status: 'FAILED' }) {
  return { cause, message, ...(environment === undefined ? {} : { environment }) };
}

/** What came from the run may hold secrets; what is ours (states, paths, times) is left alone. */
export function maskedResult(result: RunResult, masker: Masker): RunResult {
  if (masker.empty) return result;
  const { message, tests, artifacts, image, fidelity, warnings } = result;
  return {
    ...result,
    ...masker.values({ tests, artifacts, image, fidelity }),
    ...(message === undefined ? {} : { message: masker.text(message) }),
    ...(warnings === undefined ? {} : { warnings: masker.values(warnings) }),
  };
}
