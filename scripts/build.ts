/**
 * Builds `dist/`, the whole of what is published: one ES module a command, shared chunks, the
 * oclif plugins' commands beside ours, `oclif.manifest.json`, and the licences of what is in it.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import {
  builtinsWithoutFacade,
  lazyOclif,
  quietEngineClient,
  VENDORED,
  withoutSshAndBuildkit,
} from './build/lazy-oclif.js';
import { bundledPackages, thirdPartyLicences } from './build/licences.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** Built here, then put in place at once: a build that fails leaves the last one. */
const next = join(root, 'build/next');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Every module below a folder as an esbuild entry: `commands/rundef/create` → its file. */
function entries(folder: string, name: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((file) => file.isFile() && /(?<!\.d)\.[jt]s$/.test(file.name))
      .map((file) => join(file.parentPath, file.name))
      .map((path) => [`${name}${path.slice(folder.length).replace(/\.[jt]s$/, '')}`, path]),
  );
}

/** What `Config.load` reads of package.json; its paths are those of `dist/`. */
const published = {
  name: manifest.name,
  version: manifest.version,
  type: manifest.type,
  oclif: {
    ...manifest.oclif,
    commands: './commands',
    devPlugins: [],
    hooks: { command_not_found: './hooks/command-not-found.js' },
  },
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  logLevel: 'warning' as const,
  platform: 'node' as const,
  target: 'node20',
  outdir: next,
  metafile: true as const,
  // Names stay: a stack trace of the bundle can be read, and V8 compiles it no slower.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none' as const,
  external: ['typescript'],
} satisfies BuildOptions;

async function bundle(): Promise<Metafile[]> {
  const plugins = manifest.oclif.devPlugins as string[];
  const modules = await build({
    ...shared,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: {
      main: join(root, 'src/cli/start.ts'),
      ...entries(join(root, 'src/commands'), 'commands'),
      ...entries(join(root, 'src/hooks'), 'hooks'),
      ...Object.assign(
        {},
        ...plugins.map((plugin) => entries(join(root, 'node_modules', plugin, 'lib/commands'), 'commands')),
      ),
    },
    define: { JOBSERV_PACKAGE: JSON.stringify(published) },
    // For the CommonJS packages inside, and for `#vendor/`.
    banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
    plugins: [lazyOclif, quietEngineClient, builtinsWithoutFacade, withoutSshAndBuildkit],
  });
  const vendored = await build({
    ...shared,
    format: 'cjs',
    outdir: join(next, 'vendor'),
    outExtension: { '.js': '.cjs' },
    entryPoints: Object.fromEntries(VENDORED.map((name) => [name, name])),
  });
  return [modules.metafile, vendored.metafile];
}

async function writeOclifManifest(): Promise<void> {
  const plugin = new Plugin({
    root: next,
    isRoot: true,
    pjson: published,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  writeFileSync(join(next, 'oclif.manifest.json'), JSON.stringify(plugin.manifest));
}

rmSync(next, { recursive: true, force: true });
const metafiles = await bundle();
await writeOclifManifest();
const packages = bundledPackages(metafiles.flatMap(({ inputs }) => Object.keys(inputs)));
writeFileSync(join(next, 'THIRD-PARTY-LICENCES'), thirdPartyLicences(root, packages));
rmSync(dist, { recursive: true, force: true });
renameSync(next, dist);
// For the audit and the tests: what is in the bundle, and which module imports which.
const outputs = JSON.stringify(metafiles[0]?.outputs).replaceAll('"build/next/', '"dist/');
writeFileSync(join(root, 'build/bundle.json'), `{"packages":${JSON.stringify(packages)},"outputs":${outputs}}\n`);
