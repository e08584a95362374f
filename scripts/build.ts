/**
 * Builds `dist/`, the whole of what is published: one script with every command, the oclif
 * plugins' beside ours, `oclif.manifest.json`, and the licences of what is in it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { type BuildOptions, build } from 'esbuild';
import { builtins } from './build/builtins.js';
import { lazyOclif, quietEngineClient, withoutSshAndBuilds } from './build/lazy-oclif.js';
import { bundledPackages, thirdPartyLicences } from './build/licences.js';
import { inOneFile } from './build/one-file.js';
import { PRINTING, packed } from './build/pack.js';
import { partEntries, partsOfTheirOwn } from './build/parts.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** Built here, then put in place at once: a build that fails leaves the last one. */
const next = join(root, 'build/next');
const modules = join(root, 'build/modules');
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
  ...PRINTING,
  metafile: true as const,
  external: ['typescript'],
} satisfies BuildOptions;

const plugins = [lazyOclif, quietEngineClient, builtins, withoutSshAndBuilds];
const start = join(root, 'src/cli/start.ts');
const ours = entries(join(root, 'src/commands'), 'commands');
const parts = {
  ...ours,
  ...entries(join(root, 'src/hooks'), 'hooks'),
  ...Object.assign(
    {},
    ...(manifest.oclif.devPlugins as string[]).map((plugin) =>
      entries(join(root, 'node_modules', plugin, 'lib/commands'), 'commands'),
    ),
  ),
};

/** A module a command: oclif reads its manifest off them. */
function buildModules() {
  return build({
    ...shared,
    format: 'esm',
    splitting: true,
    outdir: modules,
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: parts,
    // For the CommonJS packages inside.
    banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
    plugins,
  });
}

/** What is published: one script, so that one code cache holds all of it, and nothing is resolved at start. */
async function buildBundle() {
  const result = await build({
    ...shared,
    format: 'esm',
    splitting: true,
    write: false,
    outdir: next,
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: { start, ...parts },
    plugins: [inOneFile(Object.keys(ours), published), partsOfTheirOwn, ...plugins],
  });
  writeFileSync(join(next, 'jobserv.cjs'), await packed(root, next, result, 'start.js'));
  return result;
}

/** What the script reads when it needs it. */
function buildParts() {
  return build({
    ...shared,
    format: 'cjs',
    outdir: next,
    outExtension: { '.js': '.cjs' },
    entryPoints: partEntries(),
    plugins,
  });
}

async function writeOclifManifest(): Promise<void> {
  const plugin = new Plugin({
    root: modules,
    isRoot: true,
    pjson: published,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  // The plugin's own command says nothing of itself, and would stand in the help without a word.
  const { version } = plugin.manifest.commands;
  if (version) version.summary ??= 'Show the version of jobserv, of Node.js and of the system.';
  writeFileSync(join(next, 'oclif.manifest.json'), JSON.stringify(plugin.manifest));
}

rmSync(next, { recursive: true, force: true });
rmSync(modules, { recursive: true, force: true });
mkdirSync(next, { recursive: true });
const [bundle, inParts] = await Promise.all([buildBundle(), buildParts(), buildModules()]);
await writeOclifManifest();
const inputs = { ...inParts.metafile.inputs, ...bundle.metafile.inputs };
const packages = bundledPackages(Object.keys(inputs));
writeFileSync(join(next, 'THIRD-PARTY-LICENCES'), thirdPartyLicences(root, packages));
rmSync(dist, { recursive: true, force: true });
renameSync(next, dist);
// For the audit and the tests: what is in the bundle, and which module imports which.
writeFileSync(join(root, 'build/bundle.json'), JSON.stringify({ packages, inputs }));
