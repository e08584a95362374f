#!/usr/bin/env node
// Runs src/ as it is, without a build: `npm run dev -- validate --help`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

register();
if (process.argv[2] === 'worker' && process.argv[3] === 'run-one') {
  const { execute } = await import('../src/commands/run-one.ts');
  await execute();
  process.exit();
}
const root = fileURLToPath(new URL('..', import.meta.url));
const pjson = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { commands, hooks } = pjson.oclif;
for (const part of [commands, ...Object.values(hooks)]) part.target = './src/commands/index.ts';
const { execute } = await import('../src/commands/index.ts');
await execute({ loadOptions: { root, pjson, ignoreManifest: true } });
