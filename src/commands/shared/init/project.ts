/** What a folder holds, as far as a first definition asks. */
import { type Folder, type FolderStep, type Project, STEPS, type Steps } from './folder.js';
import { kindOf } from './kinds.js';

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
