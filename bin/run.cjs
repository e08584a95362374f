#!/usr/bin/env node
// Compiled code is kept between starts, because to compile it takes longer than most commands:
// one cache for each command, which holds what that one calls. Node's own `enableCompileCache`
// keeps for good what the first start happened to compile.
'use strict';
const { dirname, join } = require('node:path');

// Two starts that did their work add to a command's cache what they compiled, or four that may
// only have told a mistake.
const ENOUGH = 4;
/** Stands for help, versions, and no word at all. */
const NO_COMMAND = 'other';

run(join(__dirname, '../dist/jobserv.cjs'));

/** @param file a script whose value is a function: what it is called with is a module's, but that it requires from here; what it answers are the names of commands */
function run(file) {
  const { readFileSync, statSync } = require('node:fs');
  const { Script } = require('node:vm');
  const { size, mtimeMs } = statSync(file);
  // V8 checks that its own version, its flags and the source's length are the same, and rejects the rest.
  const command = /^[a-z][a-z-]*$/.test(process.argv[2] ?? '') ? process.argv[2] : NO_COMMAND;
  const name = `${command}-${process.version}-${process.arch}-${size}-${Math.floor(mtimeMs)}`;
  const { cachedData, added: before } = keptOf(join(cacheFolder(), name));
  // The bundle is ASCII: latin1 is read as it is.
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, ...(cachedData && { cachedData }) });
  const added = script.cachedDataRejected ? 0 : before;
  const commands = script.runInThisContext()(require, file, dirname(file));
  // A word that is misspelt is no command: nothing is kept for it.
  if (added < ENOUGH && [NO_COMMAND, ...commands].includes(command)) {
    process.once('exit', (status) => keep(script, command, name, added + (status < 2 ? 2 : 1)));
  }
}

/** What the starts before have kept; the last byte says how much they added, the four before it that they are whole. */
function keptOf(path) {
  try {
    const bytes = require('node:fs').readFileSync(path);
    const cachedData = bytes.subarray(0, -5);
    if (bytes.readInt32LE(cachedData.length) === sampleOf(cachedData)) return { cachedData, added: bytes.at(-1) };
  } catch {
    // The first start of this command.
  }
  return { added: 0 };
}

/**
 * A word of every sector, which makes eight of each page that a file system may lose. V8 ends the process
 * over code that is damaged: a file that was being written when the power failed would end every start of
 * its command.
 */
function sampleOf(bytes) {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let sum = bytes.length;
  for (let at = 0; at < words.length; at += 128) sum = (Math.imul(sum, 31) + words[at]) | 0;
  return sum;
}

/** Writes the cache, and removes what other versions of the program have left for this command. */
function keep(script, command, name, added) {
  const { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } = require('node:fs');
  const folder = cacheFolder();
  const own = join(folder, `${name}.${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const code = script.createCachedData();
    const trailer = Buffer.alloc(5, added);
    trailer.writeInt32LE(sampleOf(code));
    try {
      writeFileSync(own, Buffer.concat([code, trailer]), { mode: 0o600 });
      renameSync(own, join(folder, name));
    } finally {
      rmSync(own, { force: true });
    }
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
