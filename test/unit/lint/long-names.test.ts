import { expect, it } from 'vitest';
import { check } from '../../../src/lint/index.js';

it('a trigger whose name is too long still has that name where others refer to it', () => {
  const long = 'x'.repeat(81);
  const run = { name: 'r', container: 'busybox:1', 'host-tag': 'amd64', script: 's' };
  const triggers = [
    { name: 't', type: 'simple', runs: [{ ...run, triggers: [{ name: 'unknown' }, { name: long }] }] },
    { name: long, type: 'simple', runs: [run] },
  ];
  const { accepted, diagnostics } = check(
    JSON.stringify({ timeout: 5, scripts: { s: '#!/bin/sh\ntrue\n' }, triggers }),
  );
  expect(accepted).toBe(false);
  const found = diagnostics.map(({ message, path }) => `${path}: ${message}`);
  expect(found.filter((one) => one.includes('There is no trigger'))).toEqual([
    expect.stringContaining('/triggers/0/runs/0/triggers/0/name: There is no trigger `unknown`'),
  ]);
  expect(found.filter((one) => one.startsWith('/triggers/1/name'))).toHaveLength(1);
});
