import { expect, it } from 'vitest';
import { jobserv } from './jobserv.js';

it('an unknown command is wrong usage, and the nearest one is named', async () => {
  const { status, stderr } = await jobserv(['validat']);
  expect(status).toBe(2);
  expect(stderr).toContain('validat is not a jobserv command');
});
