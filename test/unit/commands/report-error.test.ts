import { expect, it, vi } from 'vitest';
import { reportError } from '../../../src/commands/shared/report-error.js';
import { UsageError } from '../../../src/lib/errors.js';

it('an error shows what a server or a file calls itself, and lets it do nothing to the terminal', async () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await expect(reportError(new UsageError('It has x\u001b]0;title\u0007y.\nMore.'))).resolves.toBe(2);
  const shown = write.mock.calls.map(([text]) => text).join('');
  write.mockRestore();
  expect(shown).toBe('Error: It has x␛]0;title␇y.\nMore.\n');
});
