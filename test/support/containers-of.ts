import { execFileSync } from 'node:child_process';

/** The engine's own socket, also where a test has put a proxy of this very process before it. */
const { DOCKER_HOST: _, ...env } = process.env;

/** The ids of containers that have something of a folder mounted. */
export function containersOf(folder: string): string[] {
  const ids = execFileSync('docker', ['ps', '--all', '--quiet'], { encoding: 'utf8', env }).split('\n').filter(Boolean);
  return ids.filter((id) => {
    try {
      return execFileSync('docker', ['inspect', '--format', '{{json .Mounts}}', id], {
        encoding: 'utf8',
        env,
      }).includes(folder);
    } catch {
      // Gone since it was listed: another test's.
      return false;
    }
  });
}
