import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commandsPage, manPage } from '../../scripts/build-command-pages.js';
import { explanations, rulesPage } from '../../scripts/build-docs.js';
import { RULES } from '../../src/lint/rules.js';

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
