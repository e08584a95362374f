/** The image that tests run: `scripts/setup` builds it when it is not there. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const IMAGE = 'jobserv-test:busybox';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let ready: Promise<string> | undefined;

/** The name of the image, which the machine's engine has when this resolves. */
export function testImage(): Promise<string> {
  ready ??= ensure();
  return ready;
}

async function ensure(): Promise<string> {
  const { stdout } = await run('node', ['scripts/engine.mjs', 'find', IMAGE], { cwd: ROOT });
  if (!stdout.split('\n')[1]) await run('scripts/setup', [], { cwd: ROOT });
  return IMAGE;
}
