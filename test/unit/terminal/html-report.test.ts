import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { reportPage } from '../../../scripts/build-report-page.js';
import { type HtmlReport, writeHtmlReport } from '../../../src/terminal/index.js';

const folder = mkdtempSync(join(tmpdir(), 'jobserv-html-report-'));
const HOSTILE = '</script><script>alert(1)</script><!-- \u001b]0;title\u0007\u001b[31mred\n';
const report: HtmlReport = {
  title: 'blinky </title>',
  status: 'FAILED',
  summary: '1 of 1 run failed.',
  made: 'now',
  runs: [{ label: 't/r', status: 'FAILED', message: HOSTILE, consoles: [{ path: join(folder, 'console.log') }] }],
};

it('the generated page is up to date', () => {
  expect(readFileSync('src/terminal/generated/report-page.json', 'utf8')).toBe(reportPage());
});

it('a console comes back byte for byte, and neither it nor a message can end an element of the page', async () => {
  const console = Buffer.concat([Buffer.from(HOSTILE.repeat(5000)), Buffer.from([0, 255, 128, 10])]);
  writeFileSync(join(folder, 'console.log'), console);
  const path = join(folder, 'report.html');
  await writeHtmlReport(report, path);
  const page = readFileSync(path, 'utf8');
  expect(page.match(/<script\b/g)).toHaveLength(3);
  expect(page.match(/<\/script>/g)).toHaveLength(3);
  const [, packed = ''] = /<script type="application\/gzip" id="console-0">([^<]*)<\/script>/.exec(page) ?? [];
  expect(gunzipSync(Buffer.from(packed, 'base64')).equals(console)).toBe(true);
  const [, json = ''] = /<script type="application\/json" id="report">(.*)<\/script>/.exec(page) ?? [];
  expect(JSON.parse(json).runs[0].message).toBe(HOSTILE);
  expect(page).not.toMatch(/(?:src|href)="?https?:/);
});

it('what is longer than a piece that is written at once comes back too, each run with its own', async () => {
  const path = join(folder, 'long.html');
  const runs = ['a', 'ab'].map((label) => ({ ...report.runs[0], label, message: `${label}${'<😀'.repeat(400_000)}` }));
  await writeHtmlReport({ ...report, runs } as HtmlReport, path);
  const [, json = ''] = /id="report">(.*?)<\/script>/.exec(readFileSync(path, 'utf8')) ?? [];
  const { title, runs: read } = JSON.parse(json);
  expect(title).toBe(report.title);
  expect(read.map(({ message }: { message: string }) => message)).toEqual(runs.map(({ message }) => message));
});

it('a report is written through no link that waits under a name of its folder', async () => {
  const precious = join(folder, 'precious');
  writeFileSync(precious, 'kept');
  const path = join(folder, 'linked.html');
  for (const name of [path, `${path}.${process.pid}`]) symlinkSync(precious, name);
  await writeHtmlReport(report, path);
  expect(readFileSync(path, 'utf8')).toContain('<!doctype html>');
  expect(readFileSync(precious, 'utf8')).toBe('kept');
});

it('a report that cannot be written leaves no half of one', async () => {
  await expect(writeHtmlReport(report, join(folder, 'no/such/report.html'))).rejects.toThrow('ENOENT');
  writeFileSync(join(folder, 'dir'), '');
  const broken = {
    ...report,
    runs: [{ ...report.runs[0], label: 'x', status: 'PASSED', consoles: [{ path: folder }] }],
  };
  await expect(writeHtmlReport(broken, join(folder, 'half.html'))).rejects.toThrow('EISDIR');
  expect(readdirSync(folder).filter((name) => name.startsWith('half'))).toEqual([]);
});
