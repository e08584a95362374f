/**
 * Node's own modules, taken from `process.getBuiltinModule`. An import that stays one would
 * evaluate every getter of `node:process` and `node:fs`, 12 ms for those two alone; and as
 * CommonJS each import statement would make a copy of all that the module has, which is some
 * 3,000 properties before a container is started.
 */
import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

/** Take milliseconds to load, and are imported by much that does not need them at once. */
const HEAVY = ['child_process', 'crypto', 'http', 'https', 'net', 'perf_hooks', 'tls', 'tty', 'zlib'];
/** Heavy, too, and their functions are only called: each loads its module. */
const HEAVY_FUNCTIONS = ['fs/promises', 'timers/promises'];

const source = (name: string) => `process.getBuiltinModule(${JSON.stringify(`node:${name}`)})`;

function asCommonJs(name: string): string {
  if (name === 'process') return 'module.exports = process;';
  if (!HEAVY.includes(name)) return `module.exports = ${source(name)};`;
  return `let loaded;
for (const name of ${JSON.stringify(namesOf(name))}) {
  Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= ${source(name)})[name] });
}`;
}

/** Calls that are marked as pure: esbuild leaves out those whose result nobody imports. */
function asModule(name: string): string {
  const all = process.getBuiltinModule(name) as Record<string, unknown>;
  const isLater = (key: string) => HEAVY_FUNCTIONS.includes(name) && typeof all[key] === 'function';
  const lines = namesOf(name).map(
    (key) => `export const ${key} = /* @__PURE__ */ ${isLater(key) ? 'later' : 'now'}(${JSON.stringify(key)});`,
  );
  return `const load = () => ${source(name)};
const now = (key) => load()[key];
const later = (key) => (...args) => load()[key](...args);
${lines.join('\n')}
export default /* @__PURE__ */ load();`;
}

function namesOf(name: string): string[] {
  return Object.keys(process.getBuiltinModule(name) ?? {}).filter(
    (key) => /^[A-Za-z_]\w*$/.test(key) && key !== 'default',
  );
}

export const builtins: Plugin = {
  name: 'builtins',
  setup(build) {
    const known = new Set(builtinModules);
    build.onResolve({ filter: /^(node:)?[a-z_/0-9]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (!known.has(name)) return undefined;
      const asFacade = kind !== 'import-statement' || HEAVY.includes(name) || name === 'process';
      return { path: name, namespace: asFacade ? 'builtin' : 'builtin-module', sideEffects: false };
    });
    // An older copy of Node's own.
    build.onResolve({ filter: /^readable-stream$/ }, () => ({
      path: 'stream',
      namespace: 'builtin',
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: asCommonJs(path) }));
    build.onLoad({ filter: /.*/, namespace: 'builtin-module' }, ({ path }) => ({ contents: asModule(path) }));
  },
};
