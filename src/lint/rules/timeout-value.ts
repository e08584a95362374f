import type { Fault } from '../finding.js';
import type { RuleCheck } from '../rule.js';

/** Beyond this many seconds the worker's timer cannot be set: a C int. */
const MOST_SECONDS = 2 ** 31 - 1;

/** The server's own limit, minutes: worker.py `_check_stuck`. */
const STUCK_AFTER = 12 * 60;

/*
 * simple.py `start_timer` calls Python's `signal.alarm(timeout * 60)`: 0 means no alarm at all, a negative number one
 * in 136 years, and one that is no C int raises OverflowError. Measured with Python 3.11. worker.py `_check_stuck` fails
 * a run that has been RUNNING for 12 hours.
 */
export const timeoutValue: RuleCheck = {
  id: 'timeout-value',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    // A bigint, if it is large.
    const value = context.root?.timeout;
    const fault = value == null ? undefined : timeoutFault(Number(value));
    if (fault) yield { path: '/timeout', ...fault };
  },
};

function timeoutFault(minutes: number): Fault | undefined {
  const seconds = minutes * 60;
  if (seconds > MOST_SECONDS || seconds < -MOST_SECONDS - 1) {
    const message = 'No timer can be set to so many minutes; every run fails when it begins.';
    return { message, help: 'Give the minutes that a run may take.', severity: 'error', server: 'fails' };
  }
  if (minutes <= 0) {
    return { message: `A timeout of ${minutes} never ends a run.`, help: 'Give the minutes that a run may take.' };
  }
  if (minutes <= STUCK_AFTER) return undefined;
  const message = 'The server gives up on a run after 12 hours, whatever stands here.';
  return { message, help: `Give at most ${STUCK_AFTER} minutes.` };
}
