/**
 * Makes start-up cheap where esbuild alone cannot. What is measured (`npm run bench`, row
 * "validate cold"): importing @oclif/core as it is costs more than starting node does.
 *
 * - `@oclif/core` is CommonJS from tsc: `const x_1 = require("x")` at the top of each file
 *   loads everything at once. Here each becomes a function that loads at its first use.
 * - What oclif needs for help and for errors only (its templates, colours, wrapping, globs)
 *   stands in files of its own, read when asked for.
 */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Packages that `@oclif/core` needs on its slow paths only; each is evaluated when it is asked for. */
const VENDORED = [
  'ansi-escapes',
  'ansis',
  'clean-stack',
  'cli-spinners',
  'debug',
  'ejs',
  'indent-string',
  'lilconfig',
  'minimatch',
  'string-width',
  'supports-color',
  'tinyglobby',
  'widest-line',
  'wordwrap',
  'wrap-ansi',
];

/** As tsc writes them, and the few that are written by hand. */
const REQUIRE =
  /^const (\w+_\d+|ansiEscapes|wordwrap) = (?:(__import(?:Default|Star))\()?require\(["']([^"']+)["']\)\)?;$/gm;

/** Rewrites one file of `@oclif/core`; throws when the file has requires that it does not know how to read. */
function makeRequiresLazy(source: string, path: string): string {
  const names: string[] = [];
  let code = source.replace(REQUIRE, (_, name: string, helper: string | undefined, module: string) => {
    names.push(name);
    const load = `require("${VENDORED.includes(module) ? `vendor:\0${module}` : module}")`;
    return `let ${name}$; function \0${name}() { return ${name}$ ??= ${helper ? `${helper}(${load})` : load}; }`;
  });
  for (const name of names) {
    code = code
      .replace(new RegExp(`\\bnew ${name}\\.(\\w+)`, 'g'), `new (${name}.$1)`)
      .replace(new RegExp(`(?<!\0)\\b${name}\\b(?!\\$)`, 'g'), `${name}()`);
  }
  code = code
    .replaceAll('\0', '')
    // The first collation of a process loads ICU's tables: 15 ms, to sort commands by their ASCII ids.
    .replaceAll('a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)');
  if (/^const \w+_\d+ = .*require\(/m.test(code)) {
    throw new Error(`${path}: a require() in a form that this build does not know; mend scripts/build/lazy-oclif.ts.`);
  }
  return code;
}

/** `debug` costs a terminal's worth of modules, and does nothing unless `DEBUG` is set. */
const QUIET_DEBUG = `if (process.env.DEBUG) module.exports = require('debug');
else { const quiet = () => {}; quiet.enabled = false; module.exports = () => quiet; }`;

export const lazyOclif: Plugin = {
  name: 'lazy-oclif',
  setup(build) {
    build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/].*\.js$/ }, async ({ path }) => ({
      contents: makeRequiresLazy(await readFile(path, 'utf8'), path),
      loader: 'js',
    }));
    build.onResolve({ filter: /^vendor:/ }, ({ path, resolveDir }) => ({
      path: path.slice('vendor:'.length),
      namespace: 'vendor',
      pluginData: resolveDir,
    }));
    build.onLoad({ filter: /.*/, namespace: 'vendor' }, ({ path, pluginData }) => ({
      contents: path === 'debug' ? QUIET_DEBUG : `module.exports = require('${path}');`,
      resolveDir: pluginData,
    }));
    // Of it only these are read.
    build.onLoad({ filter: /@oclif[\\/]core[\\/]package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
    // Asked on every start, only to name the platform in `--version`.
    build.onResolve({ filter: /^wsl-utils$/ }, ({ path }) => ({ path, namespace: 'wsl' }));
    build.onLoad({ filter: /.*/, namespace: 'wsl' }, () => ({
      contents: `export const isWsl = Boolean(process.env.WSL_DISTRO_NAME);
export const powerShellPath = async () => 'powershell.exe';`,
    }));
  },
};

/** The engine's client renders every request for its debug log, wanted or not: 2 ms each. */
export const quietEngineClient: Plugin = {
  name: 'quiet-engine-client',
  setup(build) {
    build.onLoad({ filter: /docker-modem[\\/]lib[\\/]modem\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source
        .replace("require('debug')", "require('vendor:debug')")
        .replace("debug('Sending: %s'", "if (debug.enabled !== false) debug('Sending: %s'");
      if (!contents.includes('vendor:debug') || !contents.includes('debug.enabled')) {
        throw new Error(`${path} has changed; mend scripts/build/lazy-oclif.ts.`);
      }
      return { contents, loader: 'js' };
    });
  },
};

/** What the engine's client would load to reach `ssh://` engines and to build images: large, in part native, and not what a worker does. */
export const withoutSshAndBuilds: Plugin = {
  name: 'without-ssh-and-builds',
  setup(build) {
    const absent = /^(ssh2|cpu-features|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|@balena\/dockerignore)$/;
    build.onResolve({ filter: absent }, ({ path }) => ({ path, namespace: 'absent' }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents: `const refuse = () => { throw new Error(${JSON.stringify(
        `This build of jobserv has no ${path}: engines over ssh:// and building images are not supported.`,
      )}); };
module.exports = new Proxy({}, { get: () => function absent() { refuse(); } });`,
    }));
  },
};
