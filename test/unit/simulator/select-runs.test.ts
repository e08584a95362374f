import { describe, expect, it } from 'vitest';
import { listOf, selectRuns } from '../../../src/simulator/index.js';

const trigger = (name: string, ...runs: string[]) => ({ name, runs: runs.map((run) => ({ name: run })) });
const triggers = [trigger('ci', 'build-arm', 'build-x86', 'test'), trigger('nightly', 'test', 'soak[1]')];
const select = (...patterns: string[]) =>
  selectRuns(triggers, patterns).map(({ trigger, run }) => `${trigger.name}/${run.name}`);

describe('selecting runs', () => {
  it('takes a bare name from every trigger that has it', () => {
    expect(select('test')).toEqual(['ci/test', 'nightly/test']);
  });

  it('takes trigger/run from that trigger only', () => {
    expect(select('nightly/test')).toEqual(['nightly/test']);
  });

  it('reads globs of either form', () => {
    expect(select('build-*')).toEqual(['ci/build-arm', 'ci/build-x86']);
    expect(select('ci/*')).toEqual(['ci/build-arm', 'ci/build-x86', 'ci/test']);
    expect(select('build-[!x]??')).toEqual(['ci/build-arm']);
    expect(select('*/t?st')).toEqual(['ci/test', 'nightly/test']);
  });

  it('prefers the run that has the pattern as its name', () => {
    expect(select('soak[1]')).toEqual(['nightly/soak[1]']);
  });

  it('answers in the order of the definition, each run once', () => {
    expect(select('test', 'ci/*', 'ci/test')).toEqual(['ci/build-arm', 'ci/build-x86', 'ci/test', 'nightly/test']);
  });

  it('says what exists, and what is near, when nothing matches', () => {
    expect(() => select('ci/tset')).toThrow(
      'No run matches "ci/tset". Did you mean "ci/test"? The definition has ci/build-arm, ci/build-x86, ci/test, nightly/test, nightly/soak[1].',
    );
    expect(() => select('test', 'x', 'y')).toThrow('No run matches "x", "y".');
    expect(() => selectRuns([trigger('ci')], ['a'])).toThrow('this definition has no runs');
  });

  it('refuses a range that runs backwards', () => {
    expect(() => select('[z-a]')).toThrow('a range in its brackets runs backwards');
  });
});

it('a list of many runs is cut off, with how many there are', () => {
  const names = Array.from({ length: 10_648 }, (_, index) => `ci/m-${index}`);
  expect(listOf(names)).toMatch(/^ci\/m-0, .*ci\/m-19, and 10628 more$/);
  expect(listOf(names.slice(0, 2))).toBe('ci/m-0, ci/m-1');
});
