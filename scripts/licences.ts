/** The licence texts of what is bundled: MIT, ISC, BSD and Apache all ask that they travel along. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE_FOLDER = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** The package folders, relative to the project, that any of these input files lies in. */
export function bundledPackages(inputs: Iterable<string>): string[] {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = PACKAGE_FOLDER.exec(input)?.[1];
    if (folder) folders.add(folder);
  }
  return [...folders].sort();
}

/** One text with the licence of each package; throws when a package has none. */
export function thirdPartyLicences(root: string, folders: string[]): string {
  const parts = folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((name) => /^(licen[cs]e|copying)/i.test(name));
    const text = file ? readFileSync(join(root, folder, file), 'utf8').trim() : authorOf(manifest);
    if (!text || !manifest.license) throw new Error(`${folder} has no licence: it cannot be bundled.`);
    const notice = join(root, folder, 'NOTICE');
    return [
      `${manifest.name} ${manifest.version} (${manifest.license})`,
      text,
      ...(existsSync(notice) ? [readFileSync(notice, 'utf8').trim()] : []),
    ].join('\n\n');
  });
  return `jobserv contains code of these packages.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** For packages that state their licence in package.json only. */
function authorOf(manifest: { author?: string | { name?: string }; license?: string }): string | undefined {
  const author = typeof manifest.author === 'string' ? manifest.author : manifest.author?.name;
  return author && manifest.license ? `Copyright (c) ${author}. Licence: ${manifest.license}.` : undefined;
}
