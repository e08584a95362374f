import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstDefinition, pollableUrl } from '../../../src/commands/shared/init/first-definition.js';
import { Folder, lookAt } from '../../../src/commands/shared/init/project.js';
import { check } from '../../../src/lint/index.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-init-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function projectOf(files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return lookAt(new Folder(folder));
}

const SCRIPT = '#!/bin/sh\n';
const PACKAGE = JSON.stringify({ scripts: { test: 'vitest', lint: 'biome', start: 'node .' } });

describe('a first definition', () => {
  it.each<[string, Record<string, string>, string, Record<string, string[]>]>([
    ['nothing', {}, 'debian:12', { build: ['ls -l'] }],
    [
      'npm scripts',
      { 'package.json': PACKAGE, '.nvmrc': 'v20.1\n' },
      'node:20',
      { lint: ['npm run lint'], test: ['npm run test'] },
    ],
    [
      'a package.json of npm init',
      { 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' },
      'node:22',
      { build: ['ls -l'] },
    ],
    ['a package.json that is broken', { 'package.json': '{' }, 'node:22', { build: ['ls -l'] }],
    [
      'npm scripts before scripts',
      { 'package.json': PACKAGE, 'test.sh': SCRIPT },
      'node:22',
      { lint: ['npm run lint'], test: ['npm run test'] },
    ],
    [
      'a Go module',
      { 'go.mod': 'module x\n\ngo 1.22.3\n' },
      'golang:1.22-bookworm',
      { lint: ['go vet ./...'], test: ['go test ./...'] },
    ],
    [
      'a Makefile beside a Go module',
      { 'go.mod': 'go 1.22', Makefile: 'V := 1\ntest: x\n\tgo test\n' },
      'golang:1.22-bookworm',
      { lint: ['go vet ./...'], test: ['make test'] },
    ],
    [
      'a script beside a Makefile',
      { Makefile: 'all:\n\ncheck:\n', 'scripts/test': SCRIPT },
      'debian:12',
      { build: ['make all'], test: ['./scripts/test'] },
    ],
    ['Rust', { 'Cargo.toml': '' }, 'rust:1-bookworm', { build: ['cargo build'], test: ['cargo test'] }],
    [
      'Python',
      { 'setup.py': '', 'tests/x.py': '' },
      'python:3.12',
      { test: ['pip install pytest', 'python -m pytest'] },
    ],
    [
      'Python with a Makefile',
      { Makefile: 'test:\n\tpython -m pytest\n', 'app.py': '' },
      'python:3.12',
      { test: ['make test'] },
    ],
    [
      'C with a helper in Python',
      { Makefile: 'all:\n', 'main.c': '', 'gen.py': '' },
      'debian:12',
      { build: ['make all'] },
    ],
    ['tox', { 'tox.ini': '' }, 'python:3.12', { test: ['tox'] }],
    ['Maven', { 'pom.xml': '', mvnw: '' }, 'maven:3-eclipse-temurin-21', { test: ['./mvnw --batch-mode verify'] }],
    ['Gradle', { 'build.gradle.kts': '' }, 'gradle:8-jdk21', { test: ['gradle check'] }],
    [
      'CMake',
      { 'CMakeLists.txt': 'project(x)' },
      'debian:12',
      { build: ['cmake -S . -B build', 'cmake --build build'] },
    ],
    ['Meson', { 'meson.build': '' }, 'debian:12', { test: ['meson setup build', 'meson test -C build'] }],
    ['Ruby', { Gemfile: '' }, 'ruby:3.3', { test: ['bundle exec rake'] }],
    ['Elixir', { 'mix.exs': '' }, 'elixir:1.17', { test: ['mix test'] }],
    ['.NET', { 'x.sln': '' }, 'mcr.microsoft.com/dotnet/sdk:8.0', { test: ['dotnet test'] }],
  ])('for %s does what is there, and has no finding', (_, files, container, steps) => {
    const project = projectOf(files);
    expect({ container: project.container, steps: project.steps }).toEqual({ container, steps });
    for (const url of [undefined, pollableUrl('https://git.example.org/a b/%20"x".git')]) {
      const { text } = firstDefinition(project, { url, branch: "feature/it's#1" }, 'amd64');
      expect(check(text)).toMatchObject({ accepted: true, diagnostics: [] });
    }
  });

  it('polls the repository over HTTP, whatever git uses', () => {
    const urls = {
      'https://github.com/acme/blinky.git': 'https://github.com/acme/blinky.git',
      'git@github.com:acme/blinky.git': 'https://github.com/acme/blinky.git',
      'https://git.example.org/a b.git': 'https://git.example.org/a%20b.git',
      'ssh://git@git.example.org:2222/acme/blinky': 'https://git.example.org/acme/blinky',
    };
    expect(Object.fromEntries(Object.keys(urls).map((url) => [url, pollableUrl(url)]))).toEqual(urls);
    expect(['/srv/git/x.git', '../x', 'file:///x', 'C:/x'].map(pollableUrl)).toEqual(Array(4).fill(undefined));
  });

  it('says where the address has to be written', () => {
    const { text } = firstDefinition(projectOf({}), { url: undefined, branch: 'main' }, 'amd64');
    expect(text).toContain('# write the address of your repository');
  });
});
