import type { KnipConfig } from 'knip';

/** An `index.ts` names what tests import of its folder too; code that only tests use is found in its own file all the same. */
const production = process.argv.includes('--production');

const config: KnipConfig = {
  entry: ['scripts/*.{ts,mjs}', 'bin/*.js', 'test/**/*.test.ts', 'test/support/run-until-killed.ts'],
  vitest: { config: ['vitest.config.ts', 'vitest.faults.config.ts'] },
  project: ['src/**/*.ts!', 'scripts/**/*.{ts,mjs}', 'test/**/*.ts', 'bin/*.{js,cjs}'],
  ignoreExportsUsedInFile: { interface: true, type: true },
  ignoreBinaries: ['docker-registry', 'dockerd', 'mkfifo', 'mount', 'prlimit', 'umount'],
  ignoreIssues: production ? { 'src/*/{index,results}.ts': ['exports', 'types'] } : {},
};

export default config;
