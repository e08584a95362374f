import { expect, it } from 'vitest';
import { jsonText } from '../../../src/commands/shared/reports.js';
import { UsageError } from '../../../src/lib/index.js';

it('says what to do when there is more than one text can hold', () => {
  // What `JSON.stringify` throws at 512 MB.
  const endless = { toJSON: () => 'x'.repeat(2 ** 29) };
  expect(() => jsonText(endless)).toThrow(UsageError);
  expect(() => jsonText(endless)).toThrow(/512 MB.*fewer runs/);
});

it('passes on every other mistake', () => {
  const itself: { itself?: unknown } = {};
  itself.itself = itself;
  expect(() => jsonText(itself)).toThrow(TypeError);
});
