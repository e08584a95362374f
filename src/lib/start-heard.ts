import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/**
 * Lets execa start a program. Where no descriptor is free for its pipes, Node answers with a child without streams and
 * emits 'error' on it a moment later; execa throws before it listens, and the event would end our process.
 *
 * @returns undefined in that case
 */
export function startHeard<T>(start: () => T): T | undefined {
  let child: ChildProcess | undefined;
  const hear = (message: unknown) => {
    child = (message as { process: ChildProcess }).process;
    child.on('error', () => {});
  };
  subscribe('child_process', hear);
  try {
    return start();
  } catch (error) {
    if (child === undefined || child.pid !== undefined) throw error;
    return undefined;
  } finally {
    unsubscribe('child_process', hear);
  }
}
