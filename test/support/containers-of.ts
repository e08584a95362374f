import { execFileSync } from 'node:child_process';

/** The ids of containers that have something of a folder mounted. */
export function containersOf(folder: string): string[] {
  const ids = execFileSync('docker', ['ps', '--all', '--quiet'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  return ids.filter((id) => {
    try {
      return execFileSync('docker', ['inspect', '--format', '{{json .Mounts}}', id], { encoding: 'utf8' }).includes(
        folder,
      );
    } catch {
      // Gone since it was listed: another test's.
      return false;
    }
  });
}
