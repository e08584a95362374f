/** `--report`: the page in a real browser, and what the other formats have of the same runs. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executeOnServer } from '../support/execute-on-server.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import { type World, worldWith } from './definition.js';
import { folderWith, installedCommand, jobserv } from './jobserv.js';
import { useImage } from './worker-world.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const hasBrowser = existsSync(CHROMIUM);
const SECRET = 'correct-horse-battery';
const LINES = 30_000;

const HOSTILE = `#!/bin/sh
printf 'plain \\033[31mred\\033[0m \\033[1;32mbold green\\033[0m\\n'
printf '</script><script>document.title="owned"</script><!-- <img src=https://example.org/x.png onerror=alert(1)>\\n'
printf '\\033]0;owned title\\007\\033]52;c;b3duZWQ=\\007after the sequences\\n'
printf '\\033]8;;javascript:document.title="owned"\\033\\\\a link\\033]8;;\\033\\\\ after\\n'
printf 'safe \\342\\200\\256desrever\\342\\200\\254 end\\n'
awk 'BEGIN { for (i = 0; i < 90000; i++) printf "\\r"; print "after 90,000 returns" }'
touch "/archive/<img src=x onerror=alert(1)>" "/archive/javascript:alert(1)" "/archive/$(printf 'txt.\\342\\200\\256gnp.exe')"
echo "the secret is $(cat /secrets/token)"
awk 'BEGIN { for (i = 0; i < ${LINES}; i++) print "line " i }'
echo 'the needle is here'
echo '<testsuite name="unit"><testcase name="good"/><testcase name="bad"><failure>expected &lt;1&gt;</failure></testcase><testcase name="&#x202e;dessap"/><testcase name="&lt;/script&gt;&lt;script&gt;alert(1)"/></testsuite>' >/archive/junit.xml
exit 3
`;

let browser: Browser;
let world: World;
let ended: Awaited<ReturnType<typeof jobserv>>;

beforeAll(async () => {
  if (!hasBrowser)
    console.warn(`WARNING: ${CHROMIUM} does not exist: the pages of reports are not tested in a browser.`);
  else browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  world = await worldWith({ hostile: HOSTILE, good: '#!/bin/sh\necho fine\n' });
  const args = ['--report', 'runs.html', '--report', 'runs.xml', '--report', 'runs.json', '-s', `token=${SECRET}`];
  ended = await jobserv(['simulate', 'hostile', 'good', '--pull', 'never', ...args], world);
});
afterAll(() => browser?.close());

const report = (name: string) => join(world.cwd, name);

/** The page, once its script has run; it may ask nobody for anything. */
async function open(
  path: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<{ page: Page; troubles: string[] }> {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 900 } });
  const troubles: string[] = [];
  page.on('pageerror', ({ message }) => troubles.push(message));
  page.on('console', (message) => troubles.push(message.text()));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(path).href) troubles.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector('html[data-ready]');
  return { page, troubles };
}

it('does not change the status, and the other formats have the same runs', () => {
  expect(ended.status).toBe(1);
  const json = JSON.parse(readFileSync(report('runs.json'), 'utf8'));
  expect(json).toMatchObject({
    version: 1,
    status: 'FAILED',
    runs: [{ run: 'hostile', exitCode: 3 }, { run: 'good' }],
  });
  const xml = readFileSync(report('runs.xml'), 'utf8');
  expect(xml).toContain('<testcase name="manual/hostile" classname="manual"');
  expect(xml).toContain('<testsuite name="manual/hostile: unit" tests="4" failures="1"');
  for (const name of ['runs.json', 'runs.xml']) expect(readFileSync(report(name), 'utf8')).not.toContain(SECRET);
});

it('says exit status 2 for an unknown format and 3 for a folder that is not there, before anything is executed', async () => {
  for (const [name, status] of [
    ['runs.txt', 2],
    ['no/runs.html', 3],
  ] as const) {
    const refused = await jobserv(['simulate', 'good', '--report', name], world);
    expect(refused.status).toBe(status);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain(`--report ${name}`.slice(status === 2 ? 0 : '--report '.length));
  }
});

it('is written without an engine, too', async () => {
  const env = { ...world.env, DOCKER_HOST: 'unix:///nonexistent.sock' };
  const { status } = await jobserv(['simulate', 'good', '--report', 'none.html', '--report', 'none.xml'], {
    ...world,
    env,
  });
  expect(status).toBe(3);
  expect(readFileSync(report('none.xml'), 'utf8')).toContain('<failure message="No container engine can be reached');
  expect(readFileSync(report('none.html'), 'utf8')).toContain('No container engine can be reached');
});

describe.skipIf(!hasBrowser)('the page', () => {
  it('says what failed first, with its timeline, tests, artifacts, ledger and command', async () => {
    const { page, troubles } = await open(report('runs.html'));
    expect(await page.textContent('h1')).toBe('FAILED 1 of 2 runs passed');
    expect(await page.locator('section h2').allTextContents()).toEqual(['manual/hostile', 'manual/good']);
    expect(
      await page.locator('section').evaluateAll((all) => all.map((one) => one.children[0]?.hasAttribute('open'))),
    ).toEqual([true, false]);
    expect(await page.locator('section + div .timeline .bar').count()).toBe(2);
    expect(await page.locator('.timeline .bar').first().locator('i.script').count()).toBe(1);
    const failed = page.locator('section').first();
    const text = await failed.textContent();
    expect(text).toContain('<failure>expected &lt;1&gt;</failure>');
    expect(text).toContain('junit.xml');
    expect(text).toContain('The image ');
    expect(text).toContain('jobserv simulate manual/hostile --pull never --secret token');
    expect(troubles).toEqual([]);
  });

  it('shows the console as text with its colours, whatever the script wrote', async () => {
    const { page, troubles } = await open(report('runs.html'));
    const console = page.locator('section').first().locator('.console');
    // Why it failed stands in its last lines.
    await console.locator('.row', { hasText: 'the needle is here' }).waitFor();
    await search(page, 'plain red');
    const red = "[...document.querySelectorAll('.row span')].find((span) => span.textContent === 'red')";
    expect(await page.evaluate(`getComputedStyle(${red}).color`)).toBe('rgb(198, 40, 40)');
    const text = await console.textContent();
    expect(text).toContain('</script><script>document.title="owned"</script><!-- <img src=https://example.org/x.png');
    expect(text).toContain('after the sequences');
    expect(text).not.toContain('owned title');
    expect(text).not.toContain('b3duZWQ=');
    expect(text).toContain('the secret is ***');
    expect(await page.title()).toBe('1 of 2 runs passed');
    expect(await page.locator('img').count()).toBe(0);
    expect(troubles).toEqual([]);
  });

  it('takes no link from a script, and nothing that would reorder or hide what stands there', async () => {
    const { page, troubles } = await open(report('runs.html'));
    const section = page.locator('section').first();
    await section.locator('.console .row').first().waitFor();
    await search(page, 'a link');
    expect(await section.locator('.console').textContent()).toContain('a link after');
    await search(page, 'returns');
    expect(await section.locator('.row.here').textContent()).toContain('after 90,000 returns');
    const text = (await section.textContent()) ?? '';
    for (const name of ['dessap', '</script><script>alert(1)', '<img src=x onerror=alert(1)>', 'txt.gnp.exe']) {
      expect(text).toContain(name);
    }
    expect(text).not.toMatch(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    const links = await page.locator('a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links.filter((href) => !href?.startsWith('#'))).toEqual([]);
    expect(await page.locator('img, iframe, object').count()).toBe(0);
    expect(await page.title()).toBe('1 of 2 runs passed');
    expect(troubles).toEqual([]);
  });

  it('finds a line among many, and a link leads to it again', async () => {
    const { page } = await open(report('runs.html'));
    const console = page.locator('section').first().locator('.console');
    const line = await search(page, 'the NEEDLE is');
    expect(line).toBeGreaterThan(LINES);
    expect(await console.locator('.row.here mark').textContent()).toBe('the needle is');
    expect(await console.locator('.row').count()).toBeLessThan(200);
    const link = await console.locator('.row.here > a').getAttribute('href');
    expect(link).toBe(`#console-0:${line}`);

    const again = await browser.newPage();
    await again.goto(pathToFileURL(report('runs.html')).href + link);
    const here = again.locator('.row.here');
    await here.waitFor();
    expect(await here.textContent()).toContain('the needle is here');
  });

  it('unfolds a run that a link leads to', async () => {
    const { page } = await open(report('runs.html'));
    await page.locator('.timeline a', { hasText: 'good' }).click();
    await page.locator('section', { hasText: 'manual/good' }).locator('.row', { hasText: 'fine' }).waitFor();
  });

  it('fits on a phone', async () => {
    const { page } = await open(report('runs.html'));
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it('is dark for who wants it dark', async () => {
    const style = 'getComputedStyle(document.body)';
    const backs: string[][] = [];
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open(report('runs.html'), scheme);
      backs.push(await page.evaluate(`[${style}.backgroundColor, ${style}.color]`));
    }
    expect(backs).toEqual([
      ['rgb(255, 255, 255)', 'rgb(27, 31, 39)'],
      ['rgb(22, 24, 29)', 'rgb(228, 231, 238)'],
    ]);
  });

  /** Searches the first console. @returns the line that was found */
  async function search(page: Page, text: string): Promise<number> {
    const tools = page.locator('section').first().locator('.tools');
    await tools.locator('input').fill(text);
    await tools.locator('input').press('Enter');
    const found = tools.locator('span', { hasText: /./ });
    await found.waitFor();
    return Number(/^line (\d+)$/.exec((await found.textContent()) ?? '')?.[1]);
  }
});

describe('of a reproduction', () => {
  const image = useImage();
  const home = folderWith({});
  const env = { XDG_CACHE_HOME: `${home}/cache` };
  let server: LiveServer;
  let result: Awaited<ReturnType<typeof jobserv>>;
  beforeAll(async () => {
    server = await startLiveServer();
    const script =
      '#!/bin/sh\necho same; [ "$H_WORKER" = simulator ] && { echo fine; exit 0; }; echo "no board"; exit 1\n';
    const run = await executeOnServer(server, server.queue({ script, container: image.name, project: 'e2e-report' }));
    const args = ['--report', 'page.html', '--report', 'page.json', '-s', "token=it's $HOME", '-p', 'A=`x` b'];
    result = await jobserv(['reproduce', run.url, ...args], { cwd: home, env });
  });
  afterAll(() => server?.stop());

  it('the command after `next` runs as it stands', async () => {
    expect(result.stdout).toContain('NOT-REPRODUCED');
    const [command = ''] = /^ +jobserv reproduce .*$/m.exec(result.stdout) ?? [];
    expect(command).toContain('--repeat 5');
    const path = `${dirname(installedCommand())}:${process.env['PATH']}`;
    const pasted = await new Promise<{ stdout: string; status: unknown }>((resolve) =>
      execFile(
        'sh',
        ['-c', command.replace('--repeat 5', '--repeat 2')],
        { cwd: home, env: { ...env, PATH: path, HOME: home, token: 'value' } },
        (error, stdout) => resolve({ stdout, status: error?.code ?? 0 }),
      ),
    );
    expect(pasted.status).toBe(0);
    expect(pasted.stdout).toContain('NOT-REPRODUCED');
    expect(pasted.stdout).toContain('The param A was given with -p');
  });

  it('has the result as JSON', () => {
    const json = JSON.parse(readFileSync(join(home, 'page.json'), 'utf8'));
    expect(json).toMatchObject({ version: 1, verdict: 'not-reproduced', local: [{ status: 'PASSED' }] });
  });

  it.skipIf(!hasBrowser)('shows both consoles, each at the first line that differs', async () => {
    const { page, troubles } = await open(join(home, 'page.html'));
    expect(await page.textContent('h1')).toMatch(/^NOT-REPRODUCED unit/);
    const sides = page.locator('.sides > div');
    expect(await sides.locator('p').first().textContent()).toBe('On the server');
    await page.waitForFunction('document.querySelectorAll(".row.here").length === 2');
    const marked = await page.locator('.sides .row.here').allTextContents();
    expect(marked.map((text) => text.replace(/^\d+/, ''))).toEqual(['no board', 'fine']);
    expect(await page.locator('section').textContent()).toContain('jobserv reproduce http');
    expect(troubles).toEqual([]);
  });
});
