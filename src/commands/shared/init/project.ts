import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a first definition is made from. */

/** Names of runs that a project may have a way to do, in the order of their work. */
export const STEPS = ['lint', 'build', 'test'] as const;
export type FolderStep = (typeof STEPS)[number];
export type Steps = Partial<Record<FolderStep, string[]>>;

export interface Project {
  /** In words: `a Go module`. */
  what: string;
  container: string;
  /** Shell commands that each run begins with. */
  prepare: string[];
  /** Shell commands by the name of the run. */
  steps: Steps;
}

/** Bytes. */
const MOST_READ = 1_000_000;

/** The files at the top of a folder, and what they say. */
export class Folder {
  readonly path: string;
  readonly names: readonly string[];

  /** @throws Error as of the file system */
  constructor(path: string) {
    this.path = path;
    this.names = readdirSync(path).sort();
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  first(...names: string[]): string | undefined {
    return names.find((name) => this.has(name));
  }

  /** Its text; empty for what is no regular file, or larger than any that says something here. */
  text(name: string): string {
    try {
      const path = join(this.path, name);
      const file = statSync(path);
      return file.isFile() && file.size <= MOST_READ ? readFileSync(path, 'utf8') : '';
    } catch {
      // Whatever it is, it says nothing that a first definition could use.
      return '';
    }
  }
}

/** Kinds of projects by the files at their top, with what is usual for each. */

/** `own`: steps that the project itself names, which nothing else may replace. */
type Kind = Project & { own?: Steps };

interface Recognised {
  files: string[];
  kind(folder: Folder): Kind;
}

const DEBIAN = 'debian:12';
const MAKEFILES = ['Makefile', 'makefile', 'GNUmakefile'];
const install = (...packages: string[]) => [
  'apt-get update',
  `apt-get install --yes --no-install-recommends ${packages.join(' ')}`,
];

/** The first that fits counts. */
const KINDS: Recognised[] = [
  { files: ['package.json'], kind: nodePackage },
  {
    files: ['Cargo.toml'],
    kind: () => ({
      what: 'a Rust crate',
      container: 'rust:1-bookworm',
      prepare: [],
      steps: { build: ['cargo build'], test: ['cargo test'] },
    }),
  },
  {
    files: ['go.mod'],
    kind: (folder) => ({
      what: 'a Go module',
      container: `golang:${/^go[ \t]+(\d+\.\d+)/m.exec(folder.text('go.mod'))?.[1] ?? '1'}-bookworm`,
      prepare: [],
      steps: { lint: ['go vet ./...'], test: ['go test ./...'] },
    }),
  },
  { files: ['pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'tox.ini'], kind: pythonProject },
  {
    files: ['pom.xml'],
    kind: (folder) => ({
      what: 'a Maven project',
      container: 'maven:3-eclipse-temurin-21',
      prepare: [],
      steps: { test: [`${folder.has('mvnw') ? './mvnw' : 'mvn'} --batch-mode verify`] },
    }),
  },
  {
    files: ['build.gradle', 'build.gradle.kts'],
    kind: (folder) => ({
      what: 'a Gradle project',
      container: folder.has('gradlew') ? 'eclipse-temurin:21' : 'gradle:8-jdk21',
      prepare: [],
      steps: { test: [`${folder.has('gradlew') ? './gradlew' : 'gradle'} check`] },
    }),
  },
  {
    files: ['CMakeLists.txt'],
    kind: (folder) => ({
      what: 'a CMake project',
      container: DEBIAN,
      prepare: install('cmake', 'g++', 'make'),
      steps: /^[ \t]*(?:enable_testing|include[ \t]*\([ \t]*CTest)/im.test(folder.text('CMakeLists.txt'))
        ? { test: ['cmake -S . -B build', 'cmake --build build', 'ctest --test-dir build --output-on-failure'] }
        : { build: ['cmake -S . -B build', 'cmake --build build'] },
    }),
  },
  {
    files: ['meson.build'],
    kind: () => ({
      what: 'a Meson project',
      container: DEBIAN,
      prepare: install('meson', 'g++'),
      steps: { test: ['meson setup build', 'meson test -C build'] },
    }),
  },
  {
    files: ['Gemfile'],
    kind: () => ({
      what: 'a Ruby project',
      container: 'ruby:3.3',
      prepare: ['bundle install'],
      steps: { test: ['bundle exec rake'] },
    }),
  },
  {
    files: ['mix.exs'],
    kind: () => ({
      what: 'an Elixir project',
      container: 'elixir:1.17',
      prepare: ['mix local.hex --force', 'mix deps.get'],
      steps: { test: ['mix test'] },
    }),
  },
  {
    files: MAKEFILES,
    kind: () => ({
      what: 'a Makefile',
      container: DEBIAN,
      prepare: install('gcc', 'libc6-dev', 'make'),
      steps: { build: ['make'] },
    }),
  },
];

/** What kind of project is in a folder; where no file shows it, one of scripts. */
export function kindOf(folder: Folder): Kind {
  if (isPythonWithMakefile(folder)) return pythonProject(folder);
  for (const { files, kind } of KINDS) if (folder.first(...files) !== undefined) return kind(folder);
  if (folder.names.some((name) => /\.(?:sln|csproj|fsproj)$/.test(name))) {
    const container = 'mcr.microsoft.com/dotnet/sdk:8.0';
    return { what: 'a .NET project', container, prepare: [], steps: { test: ['dotnet test'] } };
  }
  return { what: 'no build files of a known kind', container: DEBIAN, prepare: [], steps: {} };
}

function nodePackage(folder: Folder): Kind {
  const scripts = scriptsOf(folder.text('package.json'));
  const version = /^v?(\d+)/.exec(folder.text('.nvmrc').trim())?.[1] ?? '22';
  const [manager, prepare] = folder.has('pnpm-lock.yaml')
    ? ['pnpm', ['corepack enable', 'pnpm install --frozen-lockfile']]
    : folder.has('yarn.lock')
      ? ['yarn', ['corepack enable', 'yarn install']]
      : ['npm', [folder.has('package-lock.json') ? 'npm ci' : 'npm install']];
  const own: Steps = {};
  for (const step of ['lint', 'build', 'test'] as const) {
    const script = scripts[step];
    // What npm writes into a new package.json only says that there is none.
    if (script !== undefined && !script.includes('no test specified')) own[step] = [`${manager} run ${step}`];
  }
  return { what: 'a Node.js package', container: `node:${version}`, prepare, steps: {}, own };
}

function scriptsOf(text: string): Partial<Record<string, string>> {
  try {
    const { scripts } = JSON.parse(text) as { scripts?: Record<string, unknown> };
    return Object.fromEntries(
      Object.entries(scripts ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    // A package.json that cannot be read names no scripts.
    return {};
  }
}

/** A Makefile alone says nothing of a language; what it calls does, and so do the sources beside it. */
function isPythonWithMakefile(folder: Folder): boolean {
  const makefile = folder.first(...MAKEFILES);
  const manifest = folder.first(...KINDS.flatMap(({ files }) => files).filter((file) => !MAKEFILES.includes(file)));
  if (makefile === undefined || manifest !== undefined) return false;
  if (folder.names.some((name) => /\.(?:c|cc|cpp|cxx|h|hpp|rs|go)$/.test(name))) return false;
  const calls = /\b(?:python3?|pip3?|pytest|poetry|uv)\b/.test(folder.text(makefile));
  return calls || folder.names.some((name) => name.endsWith('.py'));
}

function pythonProject(folder: Folder): Kind {
  const kind = { what: 'a Python project', container: 'python:3.12' };
  if (folder.has('tox.ini')) return { ...kind, prepare: ['pip install tox'], steps: { test: ['tox'] } };
  const prepare = [
    ...(folder.has('requirements.txt') ? ['pip install -r requirements.txt'] : []),
    ...(folder.first('pyproject.toml', 'setup.py') ? ['pip install .'] : []),
    // Its own test target would not find it.
    ...(/\bpytest\b/.test(folder.text(folder.first(...MAKEFILES) ?? '')) ? ['pip install pytest'] : []),
  ];
  const tests = folder.first('tests', 'test', 'pytest.ini', 'conftest.py');
  const check = tests === undefined ? ['python -m compileall -q .'] : ['pip install pytest', 'python -m pytest'];
  return { ...kind, prepare, steps: { test: check } };
}

/** What a folder holds, as far as a first definition asks. */

/** Looks at a folder. What its authors wrote counts more than what is usual for its language. */
export function lookAt(folder: Folder): Project {
  const { own, ...kind } = kindOf(folder);
  const steps = { ...kind.steps, ...makeTargets(folder), ...scriptFiles(folder), ...own };
  if (Object.keys(steps).length > 0) return { ...kind, steps };
  return { ...kind, steps: { build: ['ls -l'] } };
}

/** Targets of a Makefile that are called like a step. */
function makeTargets(folder: Folder): Steps {
  const makefile = folder.first('Makefile', 'makefile', 'GNUmakefile');
  if (makefile === undefined) return {};
  const targets = new Set(
    [...folder.text(makefile).matchAll(/^([A-Za-z][\w-]*)[ \t]*:(?!=)/gm)].map(([, name]) => name),
  );
  const steps: Steps = {};
  if (targets.has('lint')) steps.lint = ['make lint'];
  if (targets.has('build') || targets.has('all')) steps.build = [targets.has('build') ? 'make build' : 'make all'];
  const test = ['test', 'check', 'tests'].find((name) => targets.has(name));
  if (test !== undefined) steps.test = [`make ${test}`];
  return steps;
}

const FOLDERS = ['', 'scripts/', 'script/', 'ci/', '.ci/', 'tools/'];
const SCRIPTS: Record<FolderStep, string[]> = {
  lint: ['lint.sh', 'lint'],
  build: ['build.sh'],
  test: ['run-tests.sh', 'run_tests.sh', 'test.sh', 'tests.sh', 'runtests.sh'],
};

/** Scripts that are called like a step; below a folder for them also without an ending. */
function scriptFiles(folder: Folder): Steps {
  const steps: Steps = {};
  for (const step of STEPS) {
    const names = FOLDERS.flatMap((place) => [
      ...SCRIPTS[step].filter((name) => place !== '' || name.endsWith('.sh')).map((name) => `${place}${name}`),
      ...(place === '' ? [] : [`${place}${step}`]),
    ]);
    const found = names.find((name) => folder.text(name).startsWith('#!'));
    if (found !== undefined) steps[step] = [`./${found}`];
  }
  return steps;
}
