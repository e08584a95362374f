/** The test image with this machine's curl and wget, which scripts of the field fetch with. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { testImage } from './image.js';

const IMAGE = 'jobserv-test:fetch';
const PROGRAMS = ['/usr/bin/curl', '/usr/bin/wget'];
const run = promisify(execFile);

/** @throws Error where the machine has no curl or wget */
export async function fetchImage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'jobserv-fetch-image-'));
  try {
    const { stdout } = await run('ldd', PROGRAMS);
    const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
    for (const path of new Set([...PROGRAMS, ...libraries])) {
      const target = join(folder, 'root', path);
      await mkdir(dirname(target), { recursive: true });
      await cp(path, target, { dereference: true });
    }
    await writeFile(join(folder, 'Dockerfile'), `FROM ${await testImage()}\nCOPY root /\n`);
    await run('docker', ['build', '--quiet', '--tag', IMAGE, folder]);
    return IMAGE;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
