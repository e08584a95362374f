/**
 * Node 20 has no compile cache: a start costs a third more than on later versions, and these tests start the command
 * hundreds of times. Node loads this file before the installed program, which then begins from the code that the first
 * start compiled. The program itself is not changed.
 */
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Module, createRequire, wrap } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script, constants } = require('node:vm');

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename) {
  const program = dirname(filename).endsWith('/node_modules/jobserv/dist') && filename.endsWith('.cjs');
  if (!program) return compile.call(this, content, filename);
  const kept = join(__dirname, `${basename(filename)}.compiled`);
  const cachedData = existsSync(kept) ? readFileSync(kept) : undefined;
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const script = new Script(wrap(content), { filename, cachedData, importModuleDynamically });
  if (cachedData === undefined) {
    process.on('exit', () => {
      writeFileSync(`${kept}.next`, script.createCachedData());
      renameSync(`${kept}.next`, kept);
    });
  }
  script
    .runInThisContext()
    .call(this.exports, this.exports, createRequire(filename), this, filename, dirname(filename));
};
