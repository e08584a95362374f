// commands → simulator | worker → docker, git, server, terminal → executor ports → schema
/** @type {import('dependency-cruiser').IConfiguration} */

const folders = [
  'cli',
  'commands',
  'hooks',
  'simulator',
  'worker',
  'docker',
  'git',
  'server',
  'terminal',
  'executor',
  'schema',
];

/** What a folder may import of ours; nothing else. */
const layer = (name, ...allowed) => ({
  name: `${name}-imports`,
  comment: `src/${name} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'}.`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: [name, ...allowed].map((folder) => `^src/${folder}/`) },
});

/** Packages that one folder alone may import. */
const only = (folder, ...packages) => ({
  name: `only-${folder}-imports-${packages[0]}`,
  comment: `${packages.join(', ')}: behind src/${folder}, so that it can be exchanged there.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${folder}/` },
  to: { path: packages.map((name) => `node_modules/(@types/)?${name}(/|$)`) },
});

const adapters = ['docker', 'git', 'server', 'terminal'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    // What the build makes (src/cli/bundle.d.ts) is in no file.
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^jobserv:' } },
    layer('schema'),
    layer('executor', 'schema'),
    ...adapters.map((name) => layer(name, 'executor', 'schema')),
    layer('simulator', ...adapters, 'executor', 'schema'),
    layer('worker', ...adapters, 'executor', 'schema'),
    layer('cli', 'simulator', 'worker', ...adapters, 'executor', 'schema'),
    layer('hooks', 'cli', 'simulator', 'worker', ...adapters, 'executor', 'schema'),
    layer('commands', 'cli', 'simulator', 'worker', ...adapters, 'executor', 'schema'),
    {
      name: 'every-folder-has-a-layer',
      comment: 'A new folder under src/ needs its line above.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: folders.map((folder) => `^src/${folder}/`) },
    },
    {
      name: 'no-dev-tools-in-src',
      comment: 'What src/ imports is bundled and published; test and build tools are neither.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: [
          'node_modules/(vitest|tsx|esbuild|knip|dependency-cruiser|typescript|@biomejs|@oclif/test)(/|$)',
          '^(test|scripts|fixtures)/',
        ],
      },
    },
    only('docker', 'dockerode', 'docker-modem'),
    only('git', 'execa'),
    only('server', 'undici'),
    only('terminal', 'chalk', 'ora', 'cli-table3', 'string-width'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
