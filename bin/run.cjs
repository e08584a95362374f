#!/usr/bin/env node
// Compiled code is kept between starts, because to compile it takes longer than most commands.
'use strict';
const { createRequire, enableCompileCache } = require('node:module');
const { join } = require('node:path');

// So many starts add to a command's cache what they compiled: the first may have been one that only told a mistake.
const GENERATIONS = 4;

const bundle = join(__dirname, '../dist/jobserv.cjs');
if (enableCompileCache) {
  enableCompileCache();
  require(bundle);
} else {
  runWithCodeCache(bundle);
}

/** What `enableCompileCache` does in Node 22.1 and later, for Node 20: one cache for each command. */
function runWithCodeCache(file) {
  const { readFileSync, statSync } = require('node:fs');
  const { constants, Script } = require('node:vm');
  const { size, mtimeMs } = statSync(file);
  // V8 checks that its own version, its flags and the source's length are the same, and rejects the rest.
  const command = /^[a-z-]+$/.test(process.argv[2] ?? '') ? process.argv[2] : 'other';
  const name = `${command}-${process.version}-${process.arch}-${size}-${Math.floor(mtimeMs)}`;
  let kept;
  try {
    kept = readFileSync(join(cacheFolder(), name));
  } catch {
    // The first start of this command.
  }
  // The last byte says how many starts have added to it.
  const cachedData = kept?.subarray(0, -1);
  const head = '(function (exports, require, module, __filename, __dirname) {';
  // The bundle is ASCII: latin1 is read as it is.
  const script = new Script(`${head}${readFileSync(file, 'latin1')}\n})`, {
    filename: file,
    ...(cachedData && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const generation = cachedData && !script.cachedDataRejected ? kept.at(-1) : 0;
  if (generation < GENERATIONS) process.once('exit', () => keep(script, command, name, generation + 1));
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, join(file, '..'));
}

/** Writes the cache, and removes what other versions of the program have left for this command. */
function keep(script, command, name, generation) {
  const { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } = require('node:fs');
  const folder = cacheFolder();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const own = join(folder, `${name}.${process.pid}`);
    writeFileSync(own, Buffer.concat([script.createCachedData(), Buffer.of(generation)]), { mode: 0o600 });
    renameSync(own, join(folder, name));
    for (const other of readdirSync(folder)) {
      if (other.startsWith(`${command}-v`) && !other.startsWith(name)) rmSync(join(folder, other), { force: true });
    }
  } catch {
    // No cache is no harm: the next start compiles again.
  }
}

function cacheFolder() {
  const { XDG_CACHE_HOME, HOME = '/nonexistent' } = process.env;
  const base = process.platform === 'darwin' ? join(HOME, 'Library/Caches') : join(HOME, '.cache');
  return join(XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : base, 'jobserv-code');
}
