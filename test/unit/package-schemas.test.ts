/** schema/ and types/ of the package. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageSchemas } from '../../scripts/build-schemas.js';

it('schema/ and types/ say what the results are (npm run docs writes them)', async () => {
  const files = await packageSchemas();
  for (const [path, text] of files) expect(readFileSync(path, 'utf8'), path).toBe(text);
  const there = ['schema', 'types'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  expect(there.sort()).toEqual([...files.keys()].sort());
});
