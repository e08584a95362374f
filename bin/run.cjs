#!/usr/bin/env node
// Compiled code is kept between starts, because to compile it takes longer than most commands.
'use strict';
const { createRequire, enableCompileCache } = require('node:module');
const { join } = require('node:path');

const bundle = join(__dirname, '../dist/jobserv.cjs');
if (enableCompileCache) {
  enableCompileCache();
  require(bundle);
} else {
  runWithCodeCache(bundle);
}

/** What `enableCompileCache` does in Node 22.1 and later, for Node 20: one cache for each command. */
function runWithCodeCache(file) {
  const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
  const { constants, Script } = require('node:vm');
  const { size, mtimeMs } = statSync(file);
  const folder = cacheFolder();
  // V8 checks that its own version, its flags and the source's length are the same, and rejects the rest.
  const command = /^[a-z-]+$/.test(process.argv[2] ?? '') ? process.argv[2] : 'other';
  const cache = join(folder, `${command}-${process.version}-${process.arch}-${size}-${Math.floor(mtimeMs)}`);
  let cachedData;
  try {
    cachedData = readFileSync(cache);
  } catch {
    // The first start of this command.
  }
  const head = '(function (exports, require, module, __filename, __dirname) {';
  // The bundle is ASCII: latin1 is read as it is.
  const script = new Script(`${head}${readFileSync(file, 'latin1')}\n})`, {
    filename: file,
    ...(cachedData && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (!cachedData || script.cachedDataRejected) {
    process.once('exit', () => {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const own = `${cache}.${process.pid}`;
        writeFileSync(own, script.createCachedData(), { mode: 0o600 });
        renameSync(own, cache);
      } catch {
        // No cache is no harm: the next start compiles again.
      }
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, join(file, '..'));
}

function cacheFolder() {
  const { XDG_CACHE_HOME, HOME = '/nonexistent' } = process.env;
  const base = process.platform === 'darwin' ? join(HOME, 'Library/Caches') : join(HOME, '.cache');
  return join(XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : base, 'jobserv-code');
}
