import { describe, expect, it } from 'vitest';
import { pause, retry } from '../../../src/lib/index.js';

const failing = (...errors: (Error | undefined)[]) => {
  let tried = 0;
  return async () => {
    const error = errors[tried];
    tried += 1;
    if (error !== undefined) throw error;
    return tried;
  };
};

describe('what may go well the next time', () => {
  it('is tried once more than there are waits, and says what is waited for', async () => {
    const waited: string[] = [];
    const before = (error: unknown, ms: number) => void waited.push(`${(error as Error).message} ${ms}`);
    expect(await retry(failing(new Error('a'), new Error('b')), { waits: [0, 1], before })).toBe(3);
    expect(waited).toEqual(['a 0', 'b 1']);
    const always = failing(new Error('a'), new Error('b'), new Error('c'));
    await expect(retry(always, { waits: [0, 0] })).rejects.toThrow('c');
  });

  it('is not tried again when that makes no sense, or the signal has aborted', async () => {
    const attempt = failing(new Error('final'));
    await expect(retry(attempt, { waits: [0], passing: () => false })).rejects.toThrow('final');
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(retry(failing(new Error('ended')), { waits: [0], signal })).rejects.toThrow('ended');
  });

  it('is not waited for when the signal aborts', async () => {
    const abort = new AbortController();
    const waiting = pause(60_000, abort.signal);
    abort.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });
});
