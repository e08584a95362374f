#!/usr/bin/env node
// Node 22.1 and later keep compiled code between starts; on Node 20 there is no such call.
process.getBuiltinModule('node:module').enableCompileCache?.();
await import('../dist/main.js');
