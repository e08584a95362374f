import { defineConfig } from 'vitest/config';
import ClosingLine from './scripts/closing-line.js';

const project = (name: string, timeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeout, hookTimeout: timeout },
});

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      project('unit', 20_000),
      project('docker', 120_000),
      { test: { ...project('e2e', 180_000).test, globalSetup: 'test/e2e/install.ts' } },
    ],
  },
});
