import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import ClosingLine from './scripts/closing-line.js';

/** These tests mostly wait, for the engine or for a process, so more files run at a time than there are processors. */
const WAITING = { maxWorkers: 4, sequence: { groupOrder: 1 } };

const project = (name: string, timeout: number, options: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeout, hookTimeout: timeout, ...options },
});

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      // Without isolation a process loads the modules once for all of its files; what a test stubs is put back.
      project('unit', 60_000, {
        // One more than there are processors: some files mostly wait.
        maxWorkers: availableParallelism() + 1,
        isolate: false,
        restoreMocks: true,
        unstubEnvs: true,
        unstubGlobals: true,
      }),
      project('docker', 240_000, WAITING),
      project('e2e', 300_000, { ...WAITING, globalSetup: 'test/e2e/install.ts' }),
    ],
  },
});
