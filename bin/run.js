#!/usr/bin/env node
import module from 'node:module';

// Node keeps compiled code between starts, where it can (22 and later).
module.enableCompileCache?.();
const { execute } = await import('../dist/jobserv.cjs');
await execute({ dir: import.meta.url });
