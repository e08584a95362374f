import { execFileSync } from 'node:child_process';

/** As it is before any test: a test may put a proxy of this very process before the engine. */
const env = { ...process.env };

/**
 * Ids of the containers, running or not, that have something below a folder mounted. Asked in one
 * call: to inspect them one by one fails on those of other tests, which come and go.
 */
export function containersOf(folder: string): string[] {
  const args = ['ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Mounts}}'];
  const lines = execFileSync('docker', args, { encoding: 'utf8', env }).split('\n');
  return lines.filter((line) => line.includes(folder)).map((line) => line.split(' ')[0] ?? '');
}
