/** Builds the script and the style of the HTML report's page: `npx tsx scripts/build-report-page.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const source = (name: string) => readFileSync(new URL(`../src/terminal/report-page/${name}`, import.meta.url), 'utf8');

export function reportPage(): string {
  const options = { minify: true, charset: 'ascii' as const };
  const script = transformSync(source('page.js'), { ...options, loader: 'js', format: 'iife', target: 'es2022' }).code;
  const style = transformSync(source('page.css'), { ...options, loader: 'css' }).code;
  return `${JSON.stringify({ script, style }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../src/terminal/generated/report-page.json', import.meta.url), reportPage());
}
