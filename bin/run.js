#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/jobserv.cjs', import.meta.url);
if (existsSync(program)) {
  // Node 22 and later keep compiled code between starts.
  module.enableCompileCache?.();
  // `import` would first search the whole file for the names that it exports.
  const { execute } = createRequire(import.meta.url)(fileURLToPath(program));
  await execute({ dir: import.meta.url });
} else {
  const root = fileURLToPath(new URL('..', import.meta.url));
  process.stderr.write(`Error: jobserv is not built: run \`npm install && npm run build\` in ${root} first.\n`);
  process.exitCode = 3;
}
