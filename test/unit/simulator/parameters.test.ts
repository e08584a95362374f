import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readParams } from '../../../src/simulator/inputs/parameters.js';
import { readSecrets } from '../../../src/simulator/inputs/secrets.js';

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'jobserv-test-')), 'values');
  writeFileSync(path, text);
  return path;
}

describe('params', () => {
  it('come from flags, the later one winning, values with = whole', async () => {
    expect({ ...(await readParams({ flags: ['A=1', 'B=x=y', 'A=2', 'C='] })) }).toEqual({ A: '2', B: 'x=y', C: '' });
  });

  it('come from a dotenv file, and a flag wins over it', async () => {
    const file = fileOf('# comment\nA=file\nexport B="two\\nlines"\nC=\'as it is\'\n');
    expect({ ...(await readParams({ file, flags: ['A=flag'] })) }).toEqual({
      A: 'flag',
      B: 'two\nlines',
      C: 'as it is',
    });
  });

  it('keep __proto__ as a name like any other', async () => {
    expect(Object.keys(await readParams({ flags: ['__proto__=x'] }))).toEqual(['__proto__']);
  });

  it.each(['', 'A B', '#A'])('refuse the name %j', async (name) => {
    await expect(readParams({ flags: [`${name}=1`] })).rejects.toThrow('cannot be the name of a param');
  });

  it('refuse a flag without a value, and a file that is not there', async () => {
    await expect(readParams({ flags: ['A'] })).rejects.toThrow('-p A says no value');
    await expect(readParams({ file: '/nowhere/params' })).rejects.toThrow(
      '/nowhere/params, the param file, cannot be read',
    );
  });
});

describe('secrets', () => {
  it('come from flags, from the environment and from a file, in that order of weight', async () => {
    const file = fileOf('token=file\nother=kept\n');
    const secrets = await readSecrets({ file, flags: ['token=flag', 'FROM_ENV'], env: { FROM_ENV: 'env' } });
    expect({ ...secrets }).toEqual({ token: 'flag', other: 'kept', FROM_ENV: 'env' });
  });

  it('refuse a name that the environment does not have', async () => {
    await expect(readSecrets({ flags: ['TOKEN'], env: {} })).rejects.toThrow('TOKEN is not set there');
  });

  it.each(['../x', '/x', '.', '..', ''])('refuse the name %j', async (name) => {
    await expect(readSecrets({ flags: [`${name}=1`] })).rejects.toThrow('cannot be the name of a secret');
  });
});
