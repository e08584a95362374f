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

const DEBIAN = 'debian:12';
const MAKEFILES = ['Makefile', 'makefile', 'GNUmakefile'];
const install = (...packages: string[]) => [
  'apt-get update',
  `apt-get install --yes --no-install-recommends ${packages.join(' ')}`,
];

const project = (what: string, container: string, steps: Steps, prepare: string[] = []): Kind => ({
  what,
  container,
  prepare,
  steps,
});

/** Kinds of projects by the files at their top. The first that matches counts. */
const KINDS: [files: string[], kind: (folder: Folder) => Kind][] = [
  [['package.json'], nodePackage],
  [['Cargo.toml'], () => project('a Rust crate', 'rust:1-bookworm', { build: ['cargo build'], test: ['cargo test'] })],
  [
    ['go.mod'],
    (folder) => {
      const version = /^go[ \t]+(\d+\.\d+)/m.exec(folder.text('go.mod'))?.[1] ?? '1';
      return project('a Go module', `golang:${version}-bookworm`, { lint: ['go vet ./...'], test: ['go test ./...'] });
    },
  ],
  [['pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'tox.ini'], pythonProject],
  [
    ['pom.xml'],
    (folder) => {
      const maven = folder.has('mvnw') ? './mvnw' : 'mvn';
      return project('a Maven project', 'maven:3-eclipse-temurin-21', { test: [`${maven} --batch-mode verify`] });
    },
  ],
  [
    ['build.gradle', 'build.gradle.kts'],
    (folder) =>
      folder.has('gradlew')
        ? project('a Gradle project', 'eclipse-temurin:21', { test: ['./gradlew check'] })
        : project('a Gradle project', 'gradle:8-jdk21', { test: ['gradle check'] }),
  ],
  [
    ['CMakeLists.txt'],
    (folder) => {
      const build = ['cmake -S . -B build', 'cmake --build build'];
      const hasTests = /^[ \t]*(?:enable_testing|include[ \t]*\([ \t]*CTest)/im.test(folder.text('CMakeLists.txt'));
      const steps = hasTests ? { test: [...build, 'ctest --test-dir build --output-on-failure'] } : { build };
      return project('a CMake project', DEBIAN, steps, install('cmake', 'g++', 'make'));
    },
  ],
  [
    ['meson.build'],
    () =>
      project(
        'a Meson project',
        DEBIAN,
        { test: ['meson setup build', 'meson test -C build'] },
        install('meson', 'g++'),
      ),
  ],
  [['Gemfile'], () => project('a Ruby project', 'ruby:3.3', { test: ['bundle exec rake'] }, ['bundle install'])],
  [
    ['mix.exs'],
    () =>
      project('an Elixir project', 'elixir:1.17', { test: ['mix test'] }, ['mix local.hex --force', 'mix deps.get']),
  ],
  [MAKEFILES, () => project('a Makefile', DEBIAN, { build: ['make'] }, install('gcc', 'libc6-dev', 'make'))],
];

/** What kind of project is in a folder; where no file shows it, one of scripts. */
export function kindOf(folder: Folder): Kind {
  if (isPythonWithMakefile(folder)) return pythonProject(folder);
  for (const [files, kind] of KINDS) if (folder.first(...files) !== undefined) return kind(folder);
  if (folder.names.some((name) => /\.(?:sln|csproj|fsproj)$/.test(name))) {
    return project('a .NET project', 'mcr.microsoft.com/dotnet/sdk:8.0', { test: ['dotnet test'] });
  }
  return project('no build files of a known kind', DEBIAN, {});
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
  return { ...project('a Node.js package', `node:${version}`, {}, prepare), own };
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

/** A Makefile alone does not show a language; what it calls does, and so do the sources next to it. */
function isPythonWithMakefile(folder: Folder): boolean {
  const makefile = folder.first(...MAKEFILES);
  const manifest = folder.first(...KINDS.flatMap(([files]) => files).filter((file) => !MAKEFILES.includes(file)));
  if (makefile === undefined || manifest !== undefined) return false;
  if (folder.names.some((name) => /\.(?:c|cc|cpp|cxx|h|hpp|rs|go)$/.test(name))) return false;
  const calls = /\b(?:python3?|pip3?|pytest|poetry|uv)\b/.test(folder.text(makefile));
  return calls || folder.names.some((name) => name.endsWith('.py'));
}

function pythonProject(folder: Folder): Kind {
  const python = (steps: Steps, prepare: string[]) => project('a Python project', 'python:3.12', steps, prepare);
  if (folder.has('tox.ini')) return python({ test: ['tox'] }, ['pip install tox']);
  const prepare = [
    ...(folder.has('requirements.txt') ? ['pip install -r requirements.txt'] : []),
    ...(folder.first('pyproject.toml', 'setup.py') ? ['pip install .'] : []),
    // Its own test target would not find it.
    ...(/\bpytest\b/.test(folder.text(folder.first(...MAKEFILES) ?? '')) ? ['pip install pytest'] : []),
  ];
  const tests = folder.first('tests', 'test', 'pytest.ini', 'conftest.py');
  const check = tests === undefined ? ['python -m compileall -q .'] : ['pip install pytest', 'python -m pytest'];
  return python({ test: check }, prepare);
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
