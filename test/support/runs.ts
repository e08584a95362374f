/** Planned runs and results as a simulation has them, with nothing special about them. */
import { gitSource } from '../../src/git/index.js';
import { inBuild, notStarted, type PlannedRun, type RunResult } from '../../src/simulator/index.js';

export function plannedRun(run: string, rundef: Partial<PlannedRun['rundef']> = {}): PlannedRun {
  const env = { H_BUILD: '1', H_RUN: run };
  const planned = {
    trigger: 'unit',
    run,
    rundef: { project: 'acme/unit', container: 'image', env, ...rundef } as PlannedRun['rundef'],
    madeUp: {},
    differences: [],
    source: gitSource(),
    root: `/w/unit/${run}`,
    volumes: '/v',
  };
  return inBuild(planned, new Map());
}

export function runResult(run: string, change: Partial<RunResult> = {}): RunResult {
  const { message: _, ...rest } = notStarted(plannedRun(run), '');
  return { ...rest, status: 'PASSED', startedAt: '2026-12-01T01:02:03.000Z', ...change };
}
