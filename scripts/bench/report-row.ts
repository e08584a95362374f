/** The HTML report of a large console: how long it takes to write, to open in a browser, and to search. */

import { once } from 'node:events';
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { writeHtmlReport } from '../../src/terminal/index.js';
import type { Row } from './rows.js';

const SIZE = 100_000_000;
const MOST_MS = 10_000;
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const REPORT_ROW: Row = {
  id: 'report',
  what: 'the HTML report of a console of 100 MB, written; and in chromium opened, and searched for its last line',
  goal: `≤ ${MOST_MS / 1000} s to write`,
  measure: async (folder) => {
    const console = join(folder, 'console.log');
    await writeConsole(console);
    const page = join(folder, 'report.html');
    const begun = performance.now();
    const run = { label: 'ci/large', status: 'PASSED', consoles: [{ path: console }] };
    await writeHtmlReport({ title: 'large', status: 'PASSED', summary: '', made: '', runs: [run] }, page);
    const written = performance.now() - begun;
    const inBrowser = existsSync(CHROMIUM) ? await searched(page) : `no ${CHROMIUM} to open it`;
    return {
      figure: `${(written / 1000).toFixed(1)} s`,
      detail: `${(statSync(page).size / 1e6).toFixed(0)} MB; ${inBrowser}`,
      met: written <= MOST_MS,
      commands: ['writeHtmlReport, as --report report.html after a run'],
    };
  },
};

async function writeConsole(path: string): Promise<void> {
  const file = createWriteStream(path);
  for (let line = 0, size = 0; size < SIZE; line++) {
    const text = `line ${line} \u001b[3${line % 8}m${Math.sqrt(line)}\u001b[0m of a build\n`;
    size += text.length;
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end('the needle\n');
  await once(file, 'finish');
}

async function searched(path: string): Promise<string> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    const begun = performance.now();
    await page.goto(pathToFileURL(path).href);
    await page.locator('.row').first().waitFor();
    const opened = performance.now();
    await page.locator('.tools input').fill('the needle');
    await page.locator('.tools input').press('Enter');
    await page.locator('.row.here mark').waitFor();
    const found = performance.now();
    return `open after ${((opened - begun) / 1000).toFixed(1)} s, the line found in ${((found - opened) / 1000).toFixed(1)} s`;
  } finally {
    await browser.close();
  }
}
