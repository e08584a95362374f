/** A terminal without a person: what is written to `input` is typed, what is shown is kept. */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';

export function fakeTerminal() {
  const events = new EventEmitter();
  const input = new PassThrough();
  const output = new PassThrough();
  let size = { columns: 80, rows: 24 };
  let shown = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    events.emit('shown');
  });
  return {
    id: randomBytes(8).toString('hex'),
    input,
    output,
    stop: new AbortController(),
    size: () => size,
    onResize: (listener: () => void) => {
      events.on('resize', listener);
      return () => events.off('resize', listener);
    },
    resize: (to: typeof size) => {
      size = to;
      events.emit('resize');
    },
    /** Resolves when all that was shown matches. */
    shows: (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!pattern.test(shown)) return;
          events.off('shown', look);
          resolve();
        };
        events.on('shown', look);
        look();
      }),
  };
}

export type FakeTerminal = ReturnType<typeof fakeTerminal>;
