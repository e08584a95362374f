import { describe, expect, it } from 'vitest';
import { exitStatus, notStarted, RunQueue, type RunResult } from '../../../src/simulator/index.js';
import { plannedRun as planned, runResult as result } from '../../support/runs.js';

const failed = (run: string, environment?: RunResult['environment']) =>
  result(run, { status: 'FAILED', ...(environment && { environment }) });

async function work(results: Record<string, RunResult>, jobs = 1, stop = new AbortController()) {
  const queue = new RunQueue({ planned: Object.keys(results).map((run) => planned(run)) });
  const begun: string[] = [];
  const ended = await queue.work(jobs, stop.signal, async ({ run }) => {
    begun.push(run);
    return results[run] as RunResult;
  });
  return { begun, ended };
}

describe('a queue of runs', () => {
  it('goes on after a run that failed by itself, or whose registry failed', async () => {
    const { begun } = await work({ a: failed('a'), b: failed('b', 'registry'), c: result('c') });
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it.each(['engine', 'disk'] as const)('begins no further run after the %s failed', async (environment) => {
    const { begun, ended } = await work({ a: result('a'), b: failed('b', environment), c: result('c') });
    expect(begun).toEqual(['a', 'b']);
    expect(ended).toHaveLength(2);
  });

  it('begins no further run after an interruption, and keeps the result of the one in progress', async () => {
    const stop = new AbortController();
    const queue = new RunQueue({ planned: ['a', 'b'].map((run) => planned(run)) });
    const ended = await queue.work(1, stop.signal, async ({ run }) => {
      stop.abort();
      return result(run, { status: 'INTERRUPTED' });
    });
    expect(ended.map((one) => one?.status)).toEqual(['INTERRUPTED']);
  });
});

it('the exit status is 3 where only the environment failed, and never 0 with a run that did not pass', () => {
  const waiting = notStarted(planned('b'), 'why');
  expect(exitStatus([result('a')])).toBe(0);
  expect(exitStatus([failed('a', 'engine'), waiting])).toBe(3);
  expect(exitStatus([failed('a'), failed('b', 'engine')])).toBe(1);
  expect(exitStatus([result('a'), waiting])).toBe(1);
  expect(exitStatus([result('a', { status: 'INTERRUPTED' })])).toBe(1);
});

it('a run that was not started names its places, its image and the reason', () => {
  expect(notStarted(planned('b'), 'why')).toEqual({
    trigger: 'unit',
    run: 'b',
    status: 'NOT_STARTED',
    message: 'why',
    durationMs: 0,
    phases: [],
    image: { reference: 'image' },
    tests: [],
    artifacts: [],
    workspace: '/w/unit/b',
    console: '/w/unit/b/console.log',
    fidelity: { exact: false, differences: [] },
  });
});
