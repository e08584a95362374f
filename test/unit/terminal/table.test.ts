import { expect, it } from 'vitest';
import { styleFor } from '../../../src/terminal/style.js';
import { renderTable } from '../../../src/terminal/table.js';

it('lines the columns up, wide characters included, without blanks at the end', async () => {
  const table = renderTable(
    ['TRIGGER', 'RUN'],
    [
      ['ci', 'build'],
      ['名前', 'te\u001bst'],
    ],
    await styleFor({}),
  );
  expect(table).toBe('TRIGGER  RUN\nci       build\n名前     te␛st\n');
});
