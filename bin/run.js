#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// The process of a worker's run is a small program of its own.
const name = process.argv[2] === 'worker' && process.argv[3] === 'run-one' ? 'run-one' : 'jobserv';
const program = new URL(`../dist/${name}.cjs`, import.meta.url);
if (existsSync(program)) {
  // Node 22 and later keep compiled code between starts.
  module.enableCompileCache?.();
  // Without SHELL oclif asks the user database, and fails for a user who is not in it: an id of a container's, for one.
  process.env.SHELL ??= '/bin/sh';
  // `import` would first search the whole file for the names that it exports.
  const { execute } = createRequire(import.meta.url)(fileURLToPath(program));
  // Without plugins of the user's, oclif would only warn that their list cannot be read.
  await execute({ loadOptions: { root: fileURLToPath(import.meta.url), userPlugins: false } });
} else {
  const root = fileURLToPath(new URL('..', import.meta.url));
  process.stderr.write(`Error: jobserv is not built: run \`npm install && npm run build\` in ${root} first.\n`);
  process.exitCode = 3;
}
