import { describe, expect, it } from 'vitest';
import { findRule } from '../../../src/lint/index.js';

describe('the rule that explain is asked for', () => {
  it.each(['xtrace-secret', '[xtrace-secret]'])('%s is one', (id) => {
    expect(findRule(id).id).toBe('xtrace-secret');
  });

  it.each([
    ['xtrace', 'Did you mean "xtrace-secret"?'],
    ['xtr', 'Did you mean "xtrace-secret"?'],
    ['XTrace-Secret', 'Did you mean "xtrace-secret"?'],
    ['regex', 'Did you mean "invalid-regex", "regex-missing-group", "regex-slow" or "regex-backtracking"?'],
    ['unknwon-key', 'Did you mean "unknown-key"?'],
  ])('for %s others are suggested', (id, hint) => {
    expect(() => findRule(id)).toThrow(`There is no rule "${id}". ${hint} Run \`jobserv explain\` for all of them.`);
  });

  it.each(['', '-', 'nothing-like-it', 'e'])('for %j none is', (id) => {
    expect(() => findRule(id)).toThrow(`There is no rule "${id}". Run`);
  });
});
