import { expect, it } from 'vitest';
import { renderTable, styleFor } from '../../../src/terminal/index.js';

it('lines the columns up, wide characters included, without blanks at the end', async () => {
  const table = renderTable(
    ['TRIGGER', 'RUN'],
    [
      ['ci', 'build'],
      ['名前', 'te\u001bst'],
    ],
    styleFor({}),
  );
  expect(table).toBe('TRIGGER  RUN\nci       build\n名前     te␛st\n');
});

it('is made in one pass over its cells, however many rows there are', async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => [`ci/run-${i}`, 'simple']);
  const lines = renderTable(['RUN', 'TYPE'], rows, await styleFor({})).split('\n');
  expect(lines).toHaveLength(50_002);
  expect(lines[1]).toBe('ci/run-0      simple');
});
