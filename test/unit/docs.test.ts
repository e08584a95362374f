import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rulesPage } from '../../scripts/build-docs.js';
import { RULES } from '../../src/lint/rules.js';

it('docs/rules.md says what the rules say (npm run docs writes it)', () => {
  expect(readFileSync('docs/rules.md', 'utf8')).toBe(rulesPage());
});

it('docs/rules.md has a heading for each rule', () => {
  const page = rulesPage();
  expect(RULES.filter(({ id }) => !page.includes(`\n### ${id}\n`))).toEqual([]);
});
