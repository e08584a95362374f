/** The faults that take minutes (`npm run test:faults`); the quick ones are in the other projects. */
import { defineConfig } from 'vitest/config';
import ClosingLine from './scripts/closing-line.js';

export default defineConfig({
  test: {
    reporters: ['verbose', new ClosingLine()],
    include: ['test/faults/**/*.test.ts'],
    globalSetup: 'test/e2e/install.ts',
    testTimeout: 900_000,
    hookTimeout: 180_000,
  },
});
