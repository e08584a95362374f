/**
 * Builds `dist/`, the whole of what is published: the program, and that of the processes of a worker's runs, each as
 * one CommonJS file with its packages in it and a source map; oclif's manifest, and the licences of the packages.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { build } from 'esbuild';
import { bundledPackages, thirdPartyLicences } from './licences.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const [dist, next] = [join(root, 'dist'), join(root, 'build/next')];
const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * Packages that are left out: dockerode needs them for a connection over ssh (ours is the ssh command's) and for building images only, and the
 * prompts need the last one to open an editor only. Some are native.
 */
const ABSENT = [
  ...['ssh2', 'cpu-features', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', '@balena/dockerignore'],
  '@inquirer/external-editor',
];

rmSync(next, { recursive: true, force: true });
mkdirSync(next, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { jobserv: 'src/commands/index.ts', 'run-one': 'src/commands/run-one.ts' },
  outdir: next,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'cjs',
  sourcemap: 'linked',
  sourcesContent: false,
  minifySyntax: true,
  minifyWhitespace: true,
  // THIRD-PARTY-LICENCES has them.
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  // oclif asks for it in development only.
  external: ['typescript'],
  alias: Object.fromEntries(ABSENT.map((name) => [name, './scripts/absent.cjs'])),
});
// Built next to the old one and exchanged at the end: a build that fails leaves the last one.
rmSync(dist, { recursive: true, force: true });
renameSync(next, dist);

const plugin = new Plugin({ root, isRoot: true, pjson, ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
// The plugin's own command has no summary, and would be a blank line in the help.
const { version } = plugin.manifest.commands;
if (version) version.summary ??= 'Show the version of jobserv, of Node.js and of the system.';
writeFileSync(join(root, 'oclif.manifest.json'), JSON.stringify(plugin.manifest));

const packages = bundledPackages(Object.keys(metafile.inputs));
writeFileSync(join(dist, 'THIRD-PARTY-LICENCES'), thirdPartyLicences(root, packages));
// For the audit: the packages that are in the bundle.
writeFileSync(join(root, 'build/bundle.json'), JSON.stringify({ packages }));
