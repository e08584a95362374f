import { describe, expect, it } from 'vitest';
import { parseJunit } from '../../../src/executor/junit.js';

const parse = (xml: string) => parseJunit(Buffer.from(xml));

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
    ['an entity of its own', '<!DOCTYPE x [<!ENTITY a "b">]><testsuite name="s">&a;</testsuite>', /no XML/],
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
