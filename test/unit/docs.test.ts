import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commandsPage, manPage } from '../../scripts/build-command-pages.js';
import { explanations, rulesPage } from '../../scripts/build-docs.js';
import { RULES } from '../../src/lint/index.js';

it('src/lint/generated/explanations.json holds the texts of the rules (npm run docs writes it)', () => {
  expect(readFileSync('src/lint/generated/explanations.json', 'utf8')).toBe(explanations());
});

it('docs/rules.md says what the rules say (npm run docs writes it)', () => {
  expect(readFileSync('docs/rules.md', 'utf8')).toBe(rulesPage());
});

it('docs/rules.md has a heading for each rule', () => {
  const page = rulesPage();
  expect(RULES.filter(({ id }) => !page.includes(`\n### ${id}\n`))).toEqual([]);
});

it('docs/commands.md and man/jobserv.1 say what the commands say (npm run docs writes them)', () => {
  expect(readFileSync('docs/commands.md', 'utf8')).toBe(commandsPage());
  expect(readFileSync('man/jobserv.1', 'utf8')).toBe(manPage());
});

it('docs/troubleshooting.md quotes messages that there are', () => {
  const rows = readFileSync('docs/troubleshooting.md', 'utf8').matchAll(/^\| `([^`]+)`[^|]* \|/gm);
  const quoted = [...rows].map(([, text = '']) => text);
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const sources = files.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');
  const there = sources.replaceAll(/\$\{DEFAULT_DEFINITION\}/g, '.jobserv.yml');
  expect(quoted.length).toBeGreaterThan(10);
  expect(quoted.filter((text) => !there.includes(text))).toEqual([]);
});
