import { expect, it } from 'vitest';
import type { ReproduceResult } from '../../../src/simulator/index.js';
import { renderReproduction, styleFor } from '../../../src/terminal/index.js';

const SHOWN = {
  verdict: 'reproduced',
  reason: 'It fails here too.',
  next: ['Try this.'],
  server: {
    status: 'FAILED',
    cause: 'script',
    tests: [],
    url: 'https://ci/u',
    run: 'unit',
    worker: 'lab-7',
    completedAt: '2026-11-27T07:20:11.5+00:00',
  },
  local: [{ status: 'FAILED', cause: 'script', exitCode: 3, tests: [], durationMs: 1234, workspace: '/w' }],
  differences: [],
  console: { same: 3 },
} as unknown as ReproduceResult;

async function render(change: Partial<ReproduceResult>): Promise<string> {
  return renderReproduction({ ...SHOWN, ...change }, styleFor({ isTTY: false }), 100);
}

it('tells when the run was over, to the second, or in the words of the server', async () => {
  expect(await render({})).toContain('by lab-7, 2026-11-27 07:20:11 UTC, https://ci/u');
  expect(await render({ server: { ...SHOWN.server, completedAt: 'yesterday' } })).toContain('lab-7, yesterday, https');
});

it('shows what pushing would change, of a script the first line that is another one', async () => {
  const definition = (field: string, server: string | null, local: string | null) => ({
    kind: 'definition' as const,
    message: `Pushing d.yml as it is now would change ${field}.`,
    server,
    local,
  });
  const text = await render({
    differences: [
      definition('timeout', '2', '3'),
      definition('env.NEW', null, 'a'),
      definition('script', '#!/bin/sh\nexit 3\n', '#!/bin/sh\nexit 4\n'),
      definition('container', 'x'.repeat(90), 'y'),
    ],
  });
  expect(text).toContain('would change timeout: 2 → 3\n');
  expect(text).toContain('would change env.NEW: (nothing) → a\n');
  expect(text).toContain('would change script, line 2: exit 3 → exit 4\n');
  expect(text).toContain(`would change container: ${'x'.repeat(59)}… → y\n`);
});
