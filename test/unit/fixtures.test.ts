/** Holds `fixtures/README.md` to what the files really do. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseJunit } from '../../src/executor/index.js';
import { check } from '../../src/lint/index.js';
import { TestGrepper } from '../../src/schema/index.js';

/** File → the table's last column, of one section. */
function tableOf(folder: string): [file: string, says: string][] {
  const readme = readFileSync('fixtures/README.md', 'utf8');
  const section = readme.split(`\n## \`${folder}/\`\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|.*\| ([^|]+) \|$/gm)].map(([, file = '', says = '']) => [file, says]);
}

describe.each(['junit', 'consoles', 'definitions'])('fixtures/%s', (folder) => {
  it('has a line in the README for each file', () => {
    const listed = tableOf(folder).map(([file]) => file);
    expect(listed.toSorted()).toEqual(readdirSync(`fixtures/${folder}`).sort());
  });
});

describe('fixtures/junit', () => {
  it.each(tableOf('junit'))('%s: the run %s', async (file, says) => {
    const verdict = await parseJunit(readFileSync(`fixtures/junit/${file}`)).then(
      ({ tests }) => (tests.some(({ status }) => status === 'FAILED') ? 'fails' : 'passes'),
      () => 'fails',
    );
    expect(verdict).toBe(says);
  });

  it('counts the skipped, or believes the attribute, whichever is more', async () => {
    const contexts = ['skipped-attribute', 'skipped-counted'].map(async (name) => {
      const [test] = (await parseJunit(readFileSync(`fixtures/junit/${name}.xml`))).tests;
      return test?.context;
    });
    expect(await Promise.all(contexts)).toEqual(['junit.xml skipped=3', 'junit.xml skipped=2']);
  });

  it('keeps nested suites apart', async () => {
    const { tests } = await parseJunit(readFileSync('fixtures/junit/nested.xml'));
    expect(tests.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'all: PASSED',
      'all.unit: PASSED',
      'all.board: FAILED',
    ]);
  });
});

describe('fixtures/consoles', () => {
  /** `test/result: status`, by the patterns of the example. */
  const resultsOf = async (file: string) => {
    const { definition } = check(readFileSync('examples/projects/test-grepping.yml'));
    const grepping = definition?.triggers[0]?.runs[0]?.['test-grepping'];
    if (grepping === undefined) throw new Error('the example has no test-grepping');
    const grepper = new TestGrepper(grepping);
    await grepper.write(readFileSync(`fixtures/consoles/${file}`));
    const { tests } = await grepper.end();
    return tests.flatMap((test) => test.results.map(({ name, status }) => `${test.name}/${name}: ${status}`));
  };

  it.each(tableOf('consoles'))('%s: the run %s', async (file, says) => {
    expect((await resultsOf(file)).some((result) => result.endsWith(': FAILED')) ? 'fails' : 'passes').toBe(says);
  });

  it.each([
    ['carriage-returns.log', ['windows/loader: PASSED', 'windows/checksum: FAILED']],
    ['no-suite.log', ['default/comes: PASSED', 'default/so: FAILED']],
    ['fails-before-a-suite.log', ['default/before: PASSED', 'late/after: FAILED']],
    ['binary.log', [expect.stringMatching(/^bytes\/.*binary: PASSED$/), 'bytes/after: PASSED']],
    ['other-lines.log', ['real/one: PASSED', 'real/one: PASSED']],
  ])('%s holds the results it is there for', async (file, results) => {
    expect(await resultsOf(file)).toEqual(results);
  });
});

describe('fixtures/definitions', () => {
  it.each(tableOf('definitions'))('%s: the server %s', (file, says) => {
    const { accepted } = check(readFileSync(`fixtures/definitions/${file}`));
    expect(accepted).toBe(says.startsWith('accepts'));
  });
});
