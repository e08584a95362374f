/** How oclif finds its commands when all of them are in one file. */
import type { Plugin } from 'esbuild';

/**
 * Takes the place of oclif's module loader, which would look for files: here every command and
 * hook is a function that evaluates its part of the bundle.
 *
 * @param entries path below `dist/` without extension → source file
 * @param ours those of them that are our own commands
 */
export function inOneFile(entries: Record<string, string>, ours: Record<string, string>): Plugin {
  const table = loaders(entries, (path) => `${path}.js`);
  return {
    name: 'in-one-file',
    setup(build) {
      build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]module-loader\.js$/ }, ({ path }) => ({
        contents: LOADER,
        loader: 'js',
        resolveDir: path.replace(/[\\/][^\\/]+$/, ''),
      }));
      build.onResolve({ filter: /^jobserv:modules$/ }, ({ path }) => ({ path, namespace: 'modules' }));
      build.onLoad({ filter: /.*/, namespace: 'modules' }, () => ({
        contents: `module.exports = ${table};`,
        resolveDir: process.cwd(),
      }));
      build.onResolve({ filter: /^jobserv:commands$/ }, ({ path }) => ({ path, namespace: 'commands' }));
      build.onLoad({ filter: /.*/, namespace: 'commands' }, () => ({
        contents: `export const commands = ${loaders(ours, wordsOf)};`,
        resolveDir: process.cwd(),
      }));
    },
  };
}

/** `commands/rundef/create` → `rundef create` */
const wordsOf = (path: string) => path.split('/').slice(1).join(' ');

/** An object in JavaScript: what `keyOf` makes of a path → a function that evaluates its module. */
function loaders(entries: Record<string, string>, keyOf: (path: string) => string): string {
  const lines = Object.entries(entries).map(
    ([path, file]) => `${JSON.stringify(keyOf(path))}: () => import(${JSON.stringify(file)})`,
  );
  return `{ ${lines.join(',\n')} }`;
}

const LOADER = `
const { join, relative } = require('node:path');
async function find(root, path) {
  const modules = require('jobserv:modules');
  if (!modules[path]) throw new Error('There is no ' + path + ' in this build.');
  return { filePath: join(root, path), isESM: true, module: await modules[path]() };
}
const loadWithData = (config, path) => find(config.root, relative(config.root, path));
exports.loadWithData = loadWithData;
exports.load = async (config, path) => (await loadWithData(config, path)).module;
exports.loadWithDataFromManifest = ({ relativePath }, root) => find(root, relativePath.join('/'));
exports.isPathModule = () => true;
`;
