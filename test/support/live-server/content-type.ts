/** The type that the reference guesses of a name (Python's `mimetypes`), for names that tests use. */
const TYPES: Readonly<Record<string, string>> = {
  a: 'application/octet-stream',
  bin: 'application/octet-stream',
  css: 'text/css',
  csv: 'text/csv',
  gif: 'image/gif',
  htm: 'text/html',
  html: 'text/html',
  jpg: 'image/jpeg',
  json: 'application/json',
  log: 'text/plain',
  o: 'application/octet-stream',
  pdf: 'application/pdf',
  png: 'image/png',
  so: 'application/octet-stream',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  tgz: 'application/x-tar',
  txt: 'text/plain',
  zip: 'application/zip',
};

/** Compressed: the type is that of the name without it. */
const ENCODINGS = /\.(?:gz|bz2|xz|br|Z)$/;

/** `''` for an unknown one. */
export function contentType(path: string): string {
  const [, extension = ''] = /[^/]\.([^./]+)$/.exec(path.replace(ENCODINGS, '')) ?? [];
  return TYPES[extension.toLowerCase()] ?? '';
}
