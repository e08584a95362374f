import { expect, it } from 'vitest';
import type { ReproduceResult } from '../../../src/simulator/index.js';
import { renderFoundTests, renderPruned, renderReproduction, styleFor } from '../../../src/terminal/index.js';

const plain = styleFor({});
const nothing = {
  version: 1 as const,
  dryRun: false,
  containers: [],
  workspaces: [],
  volumes: [],
  engineVolumes: [],
  inUse: [],
};
const container = { id: '1', name: 'a', image: 'i' };
const folder = { path: '/w', sizeBytes: 1 };

it.each([
  [[container], [folder], '1 container and 1 folder, 1 B.'],
  [[container, container], [], '2 containers and 0 folders, 0 B.'],
])('counts and nouns agree in what prune prints', (containers, workspaces, line) => {
  expect(renderPruned({ ...nothing, containers, workspaces })).toContain(`\n${line}\n`);
});

it.each([
  [1, '1 line of output'],
  [2, '2 lines of output'],
])('counts and nouns agree in what reproduce prints', (same, words) => {
  const end = { status: 'PASSED', tests: [] };
  const shown = renderReproduction(
    {
      verdict: 'reproduced',
      reason: '',
      next: [],
      server: { ...end, url: 'u', run: 'r' },
      local: [{ ...end, durationMs: 1, workspace: '/w' }],
      differences: [],
      console: { same },
    } as unknown as ReproduceResult,
    plain,
    80,
  );
  expect(shown).toContain(words);
});

it('counts and nouns agree in what check-test-grepping prints', () => {
  const check = {
    version: 1 as const,
    run: 'r',
    console: 'c',
    status: 'PASSED' as const,
    lines: 1,
    tests: [],
    troubles: [],
  };
  expect(renderFoundTests(check, plain)).toContain('Nothing in the 1 line of c matches');
});
