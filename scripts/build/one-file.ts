/** How oclif finds its commands when all of them are in one file. */
import type { Plugin } from 'esbuild';

/**
 * Takes the place of oclif's module loader, which would look for files: here every command and
 * hook is a function that evaluates its part of the bundle.
 *
 * @param entries path below `dist/` without extension → source file
 */
export function inOneFile(entries: Record<string, string>): Plugin {
  const table = Object.entries(entries).map(
    ([path, file]) => `${JSON.stringify(`${path}.js`)}: () => import(${JSON.stringify(file)})`,
  );
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
        contents: `module.exports = { ${table.join(',\n')} };`,
        resolveDir: process.cwd(),
      }));
    },
  };
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
