/** The files of docs/operations: they parse, and use figures that the worker has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadYaml } from '../../src/python/index.js';
import { Monitor } from '../../src/worker/index.js';
import { workerFolder } from './worker/folder.js';

const FOLDER = 'docs/operations';
const textOf = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

it('alerts, board, autoscaler and page use figures that the worker has, and the page lists all of them', async () => {
  const metrics = await new Monitor(workerFolder(), '1.0.0').metrics(1);
  const known = [...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  const usedIn = (text: string) => [...new Set(text.match(/\bjobserv_worker_\w+/g))];
  const page = readFileSync('docs/operations.md', 'utf8');
  for (const text of [...readdirSync(FOLDER).map(textOf), page])
    expect(usedIn(text).filter((name) => !known.includes(name))).toEqual([]);
  expect(known.filter((name) => !usedIn(page).includes(name ?? ''))).toEqual([]);
});

it('each file is of its kind', () => {
  const board = JSON.parse(textOf('grafana-board.json')) as { panels: { targets: { expr: string }[] }[] };
  expect(board.panels.every(({ targets }) => targets.every(({ expr }) => expr !== ''))).toBe(true);
  const documents = [textOf('alerts.yml'), ...textOf('kubernetes.yml').split(/^---$/m)];
  for (const text of documents) expect(loadYaml(text).problem).toBeUndefined();
});

it('alerts do not depend on the name of a scrape job', () => {
  expect(textOf('alerts.yml')).not.toMatch(/[{,]\s*job\s*[=!]/);
});

it('the page names every file, and no other', () => {
  const page = readFileSync('docs/operations.md', 'utf8');
  const named = [...page.matchAll(/\]\(operations\/([^)]+)\)/g)].map(([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(readdirSync(FOLDER).sort());
});
