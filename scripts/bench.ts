/**
 * The figures of simulations and workers, as ratios: `npm run bench`, or
 * `npm run bench -- cold console` for some, `npm run bench -- growth` for how costs grow. Not a test: it fails only when a command does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EDITOR_ROW } from './bench/editor-row.js';
import { GROWTH, growthTable } from './bench/growth.js';
import { REMOTE_ROWS } from './bench/remote-row.js';
import { REPORT_ROW } from './bench/report-row.js';
import { ROWS } from './bench/rows.js';
import { RUN_PROCESS_ROW } from './bench/run-process-row.js';
import { SERVED_ROW } from './bench/served-row.js';
import { WORKER_ROWS } from './bench/worker-rows.js';

const PAIRS = Number(process.env['BENCH_PAIRS'] ?? 10);

const wanted = process.argv.slice(2);
if (wanted[0] === 'growth') {
  await growthTable(GROWTH.filter(({ id }) => wanted.length === 1 || wanted.includes(id)));
  process.exit();
}
const all = [...ROWS, REPORT_ROW, EDITOR_ROW, ...REMOTE_ROWS, SERVED_ROW, ...WORKER_ROWS, RUN_PROCESS_ROW];
const rows = all.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
if (rows.length === 0) throw new Error(`There are the rows ${all.map(({ id }) => id).join(', ')}.`);

console.log(`node ${process.version}, ${PAIRS} interleaved pairs a row, medians\n`);
for (const row of rows) {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-bench-'));
  try {
    const result = await row.measure(folder, PAIRS);
    console.log(`${row.id}: ${row.what}`);
    if (typeof result === 'string') {
      console.log(`  not measured: ${result}\n`);
      continue;
    }
    console.log(`  ${result.figure}   goal ${row.goal}   ${result.met ? 'met' : 'NOT MET'}   (${result.detail})`);
    for (const line of result.commands) console.log(`    ${line.replaceAll(folder, '$T')}`);
    console.log();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
