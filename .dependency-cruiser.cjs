// commands → simulator | worker → docker, git, server, terminal → executor ports → lint → schema → python; lib for all.
/** @type {import('dependency-cruiser').IConfiguration} */

/** Each folder of src/, and what it may import of ours beside lib. */
const LAYERS = {
  lib: [],
  python: [],
  schema: ['python'],
  lint: ['schema', 'python'],
  executor: ['schema', 'python'],
  docker: ['executor', 'schema'],
  git: ['executor', 'schema'],
  server: ['executor', 'schema'],
  terminal: ['executor', 'lint', 'schema', 'python'],
  'language-server': ['lint', 'schema', 'python'],
  simulator: ['docker', 'git', 'server', 'terminal', 'executor', 'lint', 'schema', 'python'],
  worker: ['docker', 'git', 'server', 'terminal', 'executor', 'schema'],
  commands: [
    ...['simulator', 'worker', 'docker', 'git', 'server', 'terminal', 'language-server'],
    ...['executor', 'lint', 'schema', 'python'],
  ],
};

/** What a folder may import of ours; nothing else. */
const layer = ([name, allowed]) => ({
  name: `${name}-imports`,
  comment: `src/${name} may import ${[...allowed, 'lib'].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: [name, ...allowed, ...(SHOWS[name] ?? []), 'lib'].map((folder) => `^src/${folder}/`) },
});

/** Result types are declared once, in the layer that makes them; who shows them imports the types alone. */
const SHOWS = { terminal: ['simulator'] };

const typesOnly = ([name, shown]) => ({
  name: `${name}-imports-types-only`,
  comment: `src/${name} may import types of ${shown.join(', ')}, and nothing that runs.`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: shown.map((folder) => `^src/${folder}/`), dependencyTypesNot: ['type-only'] },
});

/** From outside, a folder's `index.ts` alone is imported (and the JSON Schemas, which are no modules), also by tests. */
const throughIndex = (name) => ({
  name: `${name}-is-imported-through-its-index`,
  comment: `Import src/${name}/index.ts, so that a file behind it can move without a change here.`,
  severity: 'error',
  from: { path: '^(src|test)/', pathNot: `^src/${name}/` },
  to: { path: `^src/${name}/`, pathNot: [`^src/${name}/index\\.ts$`, '^src/simulator/results\\.ts$', '\\.json$'] },
});

/** Packages that one folder alone may import. */
const only = (folder, ...packages) => ({
  name: `only-${folder}-imports-${packages[0]}`,
  comment: `${packages.join(', ')}: behind src/${folder}, so that it can be exchanged there.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${folder}/` },
  to: { path: packages.map((name) => `node_modules/(@types/)?${name}(/|$)`) },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Through the types that terminal shows a cycle may go: at run time they are gone.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { pathNot: '^src/simulator/results\\.ts$' } },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(LAYERS).map(layer),
    ...Object.entries(SHOWS).map(typesOnly),
    ...Object.keys(LAYERS)
      .filter((name) => name !== 'commands')
      .map(throughIndex),
    {
      name: 'every-folder-has-a-layer',
      comment: 'A new folder under src/ needs its line above.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: Object.keys(LAYERS).map((folder) => `^src/${folder}/`) },
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
    only('language-server', 'vscode-languageserver', 'vscode-languageserver-textdocument'),
    only('lib', 'execa'),
    only('server', 'undici'),
    only('simulator', 'chokidar'),
    only('terminal', 'chalk', 'ora', 'log-update', 'string-width'),
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
