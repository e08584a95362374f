#!/usr/bin/env node
// Runs src/ as it is, without a build: `npm run dev -- validate --help`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

process.env.NODE_ENV = 'development';
register();
const root = fileURLToPath(new URL('..', import.meta.url));
const { main } = await import('../src/cli/main.ts');
await main({ root, pjson: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) });
