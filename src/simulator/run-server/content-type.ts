/** The content type that a JobServ server derives from a file's name: that of Python's `mimetypes`, plus `.log`. */
import TYPES from './content-types.json' with { type: 'json' };

const BY_EXTENSION = new Map(
  Object.entries(TYPES).flatMap(([type, extensions]) => extensions.split(' ').map((extension) => [extension, type])),
);

/** Short for a type and a compression. */
const SUFFIXES: Readonly<Record<string, string>> = {
  svgz: '.svg.gz',
  taz: '.tar.gz',
  tbz2: '.tar.bz2',
  tgz: '.tar.gz',
  txz: '.tar.xz',
  tz: '.tar.gz',
};

/** Of a compressed file the type is that of its name without the compression. */
const COMPRESSION = /\.(?:gz|bz2|xz|br|Z)$/;

/** @returns `''` when the name has no extension, or one that is not known */
export function contentType(path: string): string {
  const plain = path.replace(/\.([^./]+)$/, (whole, suffix: string) => SUFFIXES[suffix.toLowerCase()] ?? whole);
  const [, extension = ''] = /[^/]\.([^./]+)$/.exec(plain.replace(COMPRESSION, '')) ?? [];
  return BY_EXTENSION.get(extension.toLowerCase()) ?? '';
}
