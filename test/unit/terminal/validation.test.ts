import schema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import { Ajv } from 'ajv';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { check, type Diagnostic, RULES } from '../../../src/lint/index.js';
import { type FileReport, type Format, styleFor, Totals, writerOf } from '../../../src/terminal/index.js';
import { definition } from '../lint/rules/findings.js';

const PLAIN = styleFor({ isTTY: false });
const TOOL = { version: '1.2.3', homepage: 'https://code.example.org/jobserv#readme' };

type Source = FileReport & { source: string };

async function write(format: Format, ...files: Source[]): Promise<string> {
  const writer = writerOf(format, PLAIN, TOOL);
  let text = '';
  const reports = files.map(({ source, ...report }) => report);
  for (const [i, { source }] of files.entries()) text += await writer.file(reports[i] as FileReport, source);
  const totals = new Totals();
  for (const report of reports) totals.add(report);
  return text + writer.end(totals);
}

function reportOf(source: string, path = 'ci/a b.yml'): Source {
  const { accepted, diagnostics } = check(source);
  return { path, accepted, diagnostics, source };
}

const finding = (more: Partial<Diagnostic> = {}): Diagnostic => ({
  rule: 'wrong-type',
  severity: 'error',
  server: 'rejects',
  message: 'this is wrong',
  path: '/timeout',
  line: 1,
  column: 10,
  endLine: 1,
  endColumn: 12,
  ...more,
});
const file = (diagnostics: Diagnostic[], more: Partial<Source> = {}): Source => ({
  path: 'a.yml',
  accepted: true,
  diagnostics,
  source: 'timeout: 30\n',
  ...more,
});

describe('SARIF', () => {
  // Draft 4, whose `id` is no keyword any more; nothing else in it has changed its meaning.
  const { id, $schema, ...draft7 } = schema;
  const formats = { uri: (text: string) => URL.canParse(text), 'uri-reference': /^[\w.~!$&'()*+,;=:@/?#%-]*$/ };
  const validate = new Ajv({
    strict: false,
    allErrors: true,
    unicodeRegExp: false,
    formats: { ...formats, 'date-time': true },
  }).compile(draft7);

  async function sarif(...files: Source[]) {
    const log = JSON.parse(await write('sarif', ...files));
    validate(log);
    expect(validate.errors ?? []).toEqual([]);
    return log.runs[0];
  }

  it('is valid for every rule there is, and carries its explanation', async () => {
    const run = await sarif(...RULES.map(({ id, explain }) => reportOf(explain.bad, `${id}.yml`)));
    expect(run.tool.driver).toMatchObject({ name: 'jobserv', semanticVersion: '1.2.3', informationUri: TOOL.homepage });
    for (const { ruleIndex, ruleId } of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    const unknownKey = run.tool.driver.rules.find((rule: { id: string }) => rule.id === 'unknown-key');
    expect(unknownKey.help.markdown).toContain('```yaml');
    expect(unknownKey).toMatchObject({
      defaultConfiguration: { level: 'error' },
      helpUri: 'https://code.example.org/jobserv/blob/main/docs/rules.md#unknown-key',
    });
  });

  it('places findings in the file, its name as a URI', async () => {
    const [result] = (await sarif(reportOf(definition({ run: 'params: { A: 3.10 }' })))).results;
    expect(result.locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: 'ci/a%20b.yml', uriBaseId: '%SRCROOT%' },
      region: { startLine: 10, startColumn: 22, endLine: 10, endColumn: 26 },
    });
    expect(result.locations[0].logicalLocations[0].fullyQualifiedName).toBe('/triggers/0/runs/0/params/A');
    expect(result.fixes[0].artifactChanges[0].replacements).toEqual([
      {
        deletedRegion: { startLine: 10, startColumn: 22, endLine: 10, endColumn: 26 },
        insertedContent: { text: '"3.10"' },
      },
    ]);
  });

  it('offers the name that was probably meant', async () => {
    const [result] = (await sarif(reportOf(definition().replace('type: simple', 'type: simpel')))).results;
    expect(result.fixes[0].artifactChanges[0].replacements[0].insertedContent).toEqual({ text: 'simple' });
  });

  it('has related places, levels, and files that lie elsewhere or nowhere', async () => {
    const related = [{ message: 'first', line: 2, column: 1, endLine: 2, endColumn: 3 }];
    const { results } = await sarif(
      file([finding({ related }), finding({ severity: 'warning' })], { path: '/elsewhere/x.yml' }),
      file([finding({ severity: 'info' })], { path: '<stdin>' }),
    );
    expect(results.map(({ level }: { level: string }) => level)).toEqual(['error', 'warning', 'note']);
    expect(results[0].relatedLocations[0]).toMatchObject({ message: { text: 'first' } });
    expect(results[0].locations[0].physicalLocation.artifactLocation).toEqual({ uri: 'file:///elsewhere/x.yml' });
    expect(results[2].locations[0].physicalLocation.artifactLocation.uri).toBe('stdin');
  });

  it('has fingerprints that stay when lines are added above, and tell equal lines apart', async () => {
    const prints = async (source: string) =>
      (await sarif(reportOf(source))).results.map(
        ({ partialFingerprints }: { partialFingerprints: object }) => partialFingerprints,
      );
    const text = definition({ run: 'params:\n  A: 3.10\nparams:\n  A: 3.10' });
    const before = await prints(text);
    expect(new Set(before.map((print: object) => JSON.stringify(print))).size).toBe(before.length);
    expect(await prints(`# a new line\n${text}`)).toEqual(before);
  });

  it('is valid without a finding', async () => {
    expect((await sarif(reportOf(definition()))).results).toEqual([]);
  });
});

describe('annotations for GitHub', () => {
  it('are a line a finding, with the verdict under them', async () => {
    const findings = [finding({ help: 'write 30' }), finding({ severity: 'warning' }), finding({ severity: 'info' })];
    expect((await write('github', file(findings, { path: './ci/a.yml', accepted: false }))).split('\n')).toEqual([
      '::error file=ci/a.yml,line=1,col=10,endColumn=12,endLine=1,title=jobserv%3A wrong-type::this is wrong%0Awrite 30',
      '::warning file=ci/a.yml,line=1,col=10,endColumn=12,endLine=1,title=jobserv%3A wrong-type::this is wrong',
      '::notice file=ci/a.yml,line=1,col=10,endColumn=12,endLine=1,title=jobserv%3A wrong-type::this is wrong',
      '1 definition: 1 error, 1 warning, 1 hint; the server would reject it.',
      '',
    ]);
  });

  it('have no columns where the place is in several lines', async () => {
    expect(await write('github', file([finding({ endLine: 3 })]))).toContain('line=1,endLine=3,title=');
  });

  it('cannot be broken out of: what a file says stays text', async () => {
    const message = '50%\r\n::stop-commands::x';
    const text = await write('github', file([finding({ message })], { path: 'a,b:c%\n::error::x.yml' }));
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain('file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax.yml,');
    expect(text).toContain('::50%25%0D%0A::stop-commands::x');
  });
});

describe('what acts on a terminal', () => {
  const message = 'a\u001b[31m\u0007\u009b2J\u202eb';

  it.each(['pretty', 'unix', 'github', 'json', 'sarif', 'junit'] as const)(
    'does not reach it in %s',
    async (format) => {
      const text = await write(format, file([finding({ message, help: message })], { path: `${message}.yml` }));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    },
  );

  it('is the same value in JSON', async () => {
    expect(JSON.parse(await write('json', file([finding({ message })]))).files[0].diagnostics[0].message).toBe(message);
  });
});

it('JSON that ends early is whole, and says why there is no more of it', () => {
  const writer = writerOf('json', PLAIN, TOOL);
  const totals = new Totals();
  totals.add(file([]));
  const error = { message: 'b.yml cannot be read.', status: 2, reason: 'usage' };
  const text = `${writer.file(file([]), '')}${writer.end(totals, error)}`;
  expect(JSON.parse(text)).toMatchObject({ version: 1, files: [{ path: 'a.yml' }], error });
});

describe('JUnit XML', () => {
  /** Elements as `name attribute=…`, in order; throws for what is no XML. */
  function elements(xml: string) {
    const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
    const parser = new SaxesParser();
    parser.on('opentag', ({ name, attributes }) => found.push({ name, attributes: { ...attributes }, text: '' }));
    parser.on('text', (text) => {
      const last = found.at(-1);
      if (last) last.text += text.trim();
    });
    parser.write(xml).close();
    return found;
  }

  it('has a suite a file, and in it a case a finding; only errors fail', async () => {
    const warning = finding({ severity: 'warning', rule: 'unused-script', line: 4 });
    const all = elements(await write('junit', file([finding(), warning]), file([], { path: 'b.yml' })));
    expect(all.map(({ name, attributes }) => [name, attributes['name']])).toEqual([
      ['testsuites', 'jobserv validate'],
      ['testsuite', 'a.yml'],
      ['testcase', 'wrong-type 1:10'],
      ['failure', undefined],
      ['testcase', 'unused-script 4:10'],
      ['system-out', undefined],
      ['testsuite', 'b.yml'],
      ['testcase', 'no findings'],
    ]);
    expect(all[0]?.attributes).toMatchObject({ tests: '3', failures: '1', errors: '0' });
    expect(all[1]?.attributes).toMatchObject({ tests: '2', failures: '1' });
  });

  it('has one line for a name and a message, whatever is in them', async () => {
    const words = 'a\n::error::x\r\n::stop-commands::y';
    const help = words;
    const found = [finding({ message: words, help }), finding({ message: words, help, severity: 'warning' })];
    const text = await write('junit', file(found, { path: `${words}.yml` }), file([], { path: words }));
    expect(text).toContain('::error::x');
    expect(text).not.toMatch(/^\s*::/m);
    const [, suite, testcase] = elements(text);
    expect(suite?.attributes['name']).toBe('a␊::error::x␍␊::stop-commands::y.yml');
    for (const key of ['classname', 'file'])
      expect(testcase?.attributes[key]).toBe('a␊::error::x␍␊::stop-commands::y.yml');
  });

  it('is XML whatever a file holds', async () => {
    const message = '<&>"\' \u0000\u001b\ud800]]>\n\t\ufffe é 🚀';
    const [, suite, , failure] = elements(await write('junit', file([finding({ message })], { path: '<&".yml' })));
    expect(suite?.attributes['name']).toBe('<&".yml');
    expect(failure?.attributes['message']).toBe('<&>"\' \ufffd\ufffd\ufffd]]>\n\t\ufffd é 🚀');
  });
});

describe('the verdict of a server that was asked', () => {
  const asked = { server: 'https://ci.example.org', accepted: false, message: "'x' is wrong" };

  it.each(['pretty', 'unix', 'github', 'junit', 'sarif'] as const)(
    'is a finding in %s where it disagrees',
    async (format) => {
      const text = await write(format, file([], { asked }));
      expect(text).toContain('server-disagrees');
      expect(text).toContain('https://ci.example.org');
      expect(text).toContain('is wrong');
      expect(await write(format, file([], { accepted: false, asked }))).not.toContain('server-disagrees');
    },
  );

  it('is said in a word where it agrees', async () => {
    expect(await write('pretty', file([], { asked: { ...asked, accepted: true } }))).toBe(
      '1 definition: the server would accept it. https://ci.example.org agrees.\n',
    );
  });

  it('is a field of its own in JSON', async () => {
    const { files, summary } = JSON.parse(await write('json', file([], { asked })));
    expect(files[0]).toEqual({ path: 'a.yml', accepted: true, diagnostics: [], asked });
    expect(summary.errors).toBe(0);
  });
});

describe('the last line', () => {
  it('says how many findings --fix repairs, and has repaired', async () => {
    const fix = { range: { line: 1, column: 1, endLine: 1, endColumn: 2 }, text: 'x' };
    expect(await write('github', file([finding({ fix })]))).toContain('--fix repairs 1 of these.');
    expect(await write('pretty', file([], { fixed: { repairs: 2 } }))).toContain('2 repairs made.');
    expect(await write('pretty', file([], { fixed: { repairs: 2, diff: '…' } }))).toContain('2 repairs to be made');
  });
});
