/** How commands are found when all of them are in one file, whose `$chunk` (see pack.ts) evaluates each. */
import type { Plugin } from 'esbuild';

/**
 * @param ours our own commands: path below `dist/` without extension
 * @param published what oclif reads of package.json
 */
export function inOneFile(ours: string[], published: object): Plugin {
  const table = ours.map(
    (path) => `${JSON.stringify(wordsOf(path))}: async () => $chunk(${JSON.stringify(`${path}.js`)})`,
  );
  return {
    name: 'in-one-file',
    setup(build) {
      // Takes the place of oclif's module loader, which would look for files.
      build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]module-loader\.js$/ }, ({ path }) => ({
        contents: LOADER,
        resolveDir: path.replace(/[\\/][^\\/]+$/, ''),
      }));
      build.onResolve({ filter: /^jobserv:/ }, ({ path }) => ({ path, namespace: 'jobserv' }));
      build.onLoad({ filter: /:commands$/, namespace: 'jobserv' }, () => ({
        contents: `export const commands = { ${table.join(',\n')} };`,
      }));
      build.onLoad({ filter: /:package$/, namespace: 'jobserv' }, () => ({
        contents: JSON.stringify(published),
        loader: 'json',
      }));
    },
  };
}

/** `commands/rundef/create` → `rundef create` */
const wordsOf = (path: string) => path.split('/').slice(1).join(' ');

const LOADER = `
const { join, relative } = require('node:path');
const find = async (root, path) => ({ filePath: join(root, path), isESM: true, module: $chunk(path) });
const loadWithData = (config, path) => find(config.root, relative(config.root, path));
exports.loadWithData = loadWithData;
exports.load = async (config, path) => (await loadWithData(config, path)).module;
exports.loadWithDataFromManifest = ({ relativePath }, root) => find(root, relativePath.join('/'));
exports.isPathModule = () => true;
`;
