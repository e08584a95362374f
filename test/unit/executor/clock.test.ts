/** The run's clock, over processes that die and clocks that are set. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LIMITS, startClock } from '../../../src/executor/index.js';

const HOUR = 3_600_000;

function clockOf(minutes: number, resumed?: Parameters<typeof startClock>[3]) {
  const clock = startClock(minutes, LIMITS, new AbortController().signal, resumed);
  onTestFinished(clock.stop);
  const left = () => {
    clock.pause();
    const state = clock.state();
    return state !== undefined && 'left' in state ? state.left : Number.NaN;
  };
  return { clock, left };
}

describe('the time that is left of a run', () => {
  it.each([3 * HOUR, -3 * HOUR])('is the same for the next process when the clock was set by %i ms', (jump) => {
    const before = clockOf(1).clock.state();
    vi.useFakeTimers({ now: Date.now() + jump, toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { clock, left } = clockOf(1, JSON.parse(JSON.stringify(before)));
    expect(clock.signal.aborted).toBe(false);
    expect(left()).toBeGreaterThan(30_000);
    expect(left()).toBeLessThanOrEqual(60_000);
  });

  it('is over when the monotonic clock has passed it', () => {
    expect(clockOf(1, { upAt: 0 }).clock.signal.reason).toMatchObject({ reason: 'timeout' });
  });

  it('is never more than the whole, whatever an earlier version wrote', () => {
    expect(clockOf(1, { upAt: Number.MAX_SAFE_INTEGER }).left()).toBeLessThanOrEqual(60_000);
    expect(clockOf(1, { deadline: Date.now() } as never).left()).toBeLessThanOrEqual(60_000);
  });
});
