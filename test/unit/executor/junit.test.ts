import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConsoleLog, parseJunit, reportJunit } from '../../../src/executor/index.js';
import { fakeWorld } from '../../support/fake-ports.js';

const parse = async (xml: string) => (await parseJunit(Buffer.from(xml))).tests;
const reference = async (xml: string) => (await parseJunit(Buffer.from(xml))).reference;

describe('junit.xml', () => {
  it('gives one test a suite and one result a case', async () => {
    const xml = `<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="s" tests="3" skipped="1">
  <properties><property name="p" value="v"/></properties>
  <testcase name="a" classname="c.A"/>
  <testcase name="b"><skipped/></testcase>
  <testcase name="d"><skipped message="x"/></testcase>
  <system-out>text</system-out>
</testsuite></testsuites>`;
    expect(await parse(xml)).toEqual([
      {
        name: 's',
        context: 'junit.xml skipped=2',
        status: 'PASSED',
        results: [
          { name: 'a', context: 'c.A', status: 'PASSED', output: null },
          { name: 'b', context: null, status: 'SKIPPED', output: null },
          { name: 'd', context: null, status: 'SKIPPED', output: null },
        ],
      },
    ]);
  });

  it('counts what was skipped from the beginning of the file on, as the reference does', async () => {
    const suite = '<testsuite><testcase name="a"><skipped/></testcase><testcase name="b"/></testsuite>';
    const tests = await parse(`<testsuites>${suite}${suite}<testsuite/><testsuite skipped="9"/></testsuites>`);
    expect(tests.map(({ context }) => context)).toEqual([1, 2, 2, 9].map((count) => `junit.xml skipped=${count}`));
  });

  it('takes the larger of the attribute and the count of the skipped', async () => {
    const [test] = await parse('<testsuite name="s" skipped="7"><testcase name="a"><skipped/></testcase></testsuite>');
    expect(test?.context).toBe('junit.xml skipped=7');
  });

  it('keeps the element of a failed case as its output, the white space after it included', async () => {
    const [test] = await parse(
      '<testsuite><testcase name="a&amp;b" classname="c"><failure message="1 &lt; 2&#10;x">at <![CDATA[<here>]]></failure><e></e></testcase>\n </testsuite>',
    );
    expect(test).toMatchObject({ name: 'junit', status: 'FAILED' });
    expect(test?.results[0]).toEqual({
      name: 'a&b',
      context: 'c',
      status: 'FAILED',
      output:
        '<testcase name="a&amp;b" classname="c"><failure message="1 &lt; 2&#10;x">at &lt;here&gt;</failure><e /></testcase>\n ',
    });
  });

  it.each(['failure', 'error'])('fails a case by <%s>, wherever in it that stands', async (tag) => {
    const [test] = await parse(
      `<testsuite name=""><testcase name="a"><system-out>x</system-out><${tag}/></testcase></testsuite>`,
    );
    expect(test).toMatchObject({ name: 'junit', status: 'FAILED', results: [{ status: 'FAILED' }] });
  });

  it('takes a suite inside a suite for a test of its own, in the order in which they begin', async () => {
    const xml = `<testsuite name="outer"><testcase name="a"/><testsuite name="inner"><testcase name="b"><error/></testcase></testsuite><testcase name="c"/></testsuite>`;
    const tests = await parse(xml);
    expect(tests.map((t) => [t.name, t.status, t.results.map((r) => r.name)])).toEqual([
      ['outer', 'PASSED', ['a', 'c']],
      ['inner', 'FAILED', ['b']],
    ]);
  });

  it.each([
    ['no XML', 'hello', /no XML/],
    ['nothing', '', /no XML/],
    ['an element that is not closed', '<testsuite>', /no XML/],
    ['an entity of its own', '<!DOCTYPE x [<!ENTITY a "b">]><testsuite name="s">&a;</testsuite>', /declares entities/],
    ['a prefix without a namespace', '<x:testsuite/>', /unbound namespace prefix/],
    ['a character that XML has not', '<testsuite name="&#27;"/>', /malformed character/],
    ['the same in XML 1.1', '<?xml version="1.1"?><testsuite name="&#27;"/>', /malformed character/],
    ['elements without end', '<a>'.repeat(2_000), /nest deeper/],
  ])('refuses %s', async (_, xml, message) => {
    await expect(parse(xml)).rejects.toThrow(message);
  });

  it('refuses what is not UTF-8', async () => {
    await expect(parseJunit(Buffer.from([0x3c, 0x61, 0xff, 0x3e]))).rejects.toThrow(/UTF-8/);
  });

  it('reads no name out of the prototype of an object', async () => {
    const [test] = await parse('<testsuite name="constructor" skipped="__proto__"><testcase/></testsuite>');
    expect(test).toMatchObject({ name: 'constructor', context: 'junit.xml skipped=0', results: [{ name: '' }] });
  });
});

describe('the reference\u2019s worker', () => {
  it.each([
    ['properties in a suite', '<testsuite><properties/><testcase name="a"/></testsuite>', '<properties> has no name'],
    ['output in a suite', '<testsuite><testcase name="a"/><system-out/></testsuite>', '<system-out> has no name'],
    ['a case without a name', '<testsuite><testcase/></testsuite>', '<testcase> has no name'],
    ['a nested suite without a name', '<testsuite name="a"><testsuite/></testsuite>', '<testsuite> has no name'],
    [
      'a failure in a nested suite',
      '<testsuite><testsuite name="n"><error name="x"/></testsuite></testsuite>',
      'finds a failure',
    ],
    ['skipped that is no number', '<testsuite skipped="x"/>', 'skipped="x" is no number'],
    ['a failure', '<testsuite><testcase name="a"><failure/></testcase></testsuite>', 'finds a failure'],
  ])('fails over %s', async (_, xml, why) => {
    expect(await reference(xml)).toContain(why);
  });

  it.each([
    [
      'a failure that is not the first child',
      '<testsuite><testcase name="a"><system-out/><failure/></testcase></testsuite>',
    ],
    ['a failure in a namespace', '<testsuite xmlns="urn:x"><testcase name="a"><failure/></testcase></testsuite>'],
    ['what has no name outside of a suite', '<testsuites><properties/><testsuite skipped=" 1_0 "/></testsuites>'],
  ])('passes %s', async (_, xml) => {
    expect(await reference(xml)).toBeUndefined();
  });
});

describe('junit files of a run', () => {
  const report = async (files: Record<string, string>) => {
    const { ports, workspace } = await fakeWorld();
    mkdirSync(workspace.archive, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(workspace.archive, name), text);
    const log = new ConsoleLog(ports.reporter);
    return { ...(await reportJunit(workspace, ports, log)), console: ports.console(), story: ports.story };
  };
  const FAILED = '<testsuite name="s"><testcase name="t"><failure/></testcase></testsuite>';

  it('say in the reason whether a result is a failure, or a file cannot be read', async () => {
    expect((await report({ 'junit.xml': FAILED })).failure).toBe('junit.xml holds a failure: "t" in the suite "s".');
    expect((await report({ 'junit.xml-2': 'no' })).failure).toMatch(
      /^junit.xml-2 cannot be read as test results: it is no XML/,
    );
    expect((await report({ 'junit.xml': '<testsuite/>' })).failure).toBeUndefined();
  });

  it('do not report a test that a server has no address for', async () => {
    const { tests, story, console } = await report({
      'junit.xml': '<a><testsuite name=".."/><testsuite name="a/b"/><testsuite name="c"/></a>',
    });
    expect(tests.map(({ name }) => name)).toEqual(['..', 'a/b', 'c']);
    expect(story.filter((event) => event.startsWith('test'))).toEqual(['test c PASSED']);
    expect(console).toContain('Test "a/b" is not reported: a server has no URL for such a name');
    expect(console).not.toContain('Test a/b: PASSED');
  });

  it('are kept up to a bound on their sum, and a failure beyond it counts', async () => {
    const many = (cases: string) => `<testsuite name="s">${cases}</testsuite>`;
    const { tests, failure, console } = await report({
      'junit.xml.1': many('<testcase name="a"/>'.repeat(99_999)),
      'junit.xml.2': many(`${'<testcase name="b"/>'.repeat(10)}<testcase name="c"><failure/></testcase>`),
    });
    expect(tests.reduce((sum, { results }) => sum + results.length, 0)).toBe(99_999);
    expect(console).toContain('junit.xml.2: 12 more suites and results are not kept');
    expect(failure).toContain('"c" in the suite "s"');
  });
});
