/** Large packages that few commands need, each in a file of its own: the start reads and deserialises the others only. */
import { basename } from 'node:path';
import type { Plugin } from 'esbuild';

/** None of them shares an object with the rest of the bundle but by being called. */
const PARTS = ['@inquirer/prompts', 'diff', 'execa', 're2js', 'smol-toml', 'undici'];

const FOLDER = 'parts';
/** As `bin/run.cjs` sees it, whose `require` the script gets. */
const SEEN = `../dist/${FOLDER}`;
const nameOf = (part: string) => part.replaceAll(/[@/]/g, ' ').trim().replaceAll(' ', '-');

/** esbuild's entries: file below `dist/`, without extension → package. */
export const partEntries = (): Record<string, string> =>
  Object.fromEntries(PARTS.map((part) => [`${FOLDER}/${nameOf(part)}`, part]));

/** In the one script these packages are required from beside it. */
export const partsOfTheirOwn: Plugin = {
  name: 'parts-of-their-own',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${PARTS.join('|')})$`) }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: `${SEEN}/${nameOf(path)}.cjs`, external: true },
    );
  },
};

/** The package that such a file holds; undefined for other paths. */
export function packageOfPart(path: string): string | undefined {
  const name = basename(path, '.cjs');
  return path === `${SEEN}/${name}.cjs` ? PARTS.find((part) => nameOf(part) === name) : undefined;
}
