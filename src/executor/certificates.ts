/** The host's own certificates, which every run sees (SPEC 3). */
import { readdirSync } from 'node:fs';

const FOLDER = '/usr/local/share/ca-certificates';

/** The folder to mount; undefined where it is empty, or is not to be read. */
export function certificatesFolder(): string | undefined {
  try {
    return readdirSync(FOLDER).length > 0 ? FOLDER : undefined;
  } catch {
    return undefined;
  }
}
