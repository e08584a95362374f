/** Addresses as text: read, shown without what is secret in them, and the run that one names. */

/** Servers and proxies take less. An address of megabytes would keep the patterns here busy for hours. */
const LONGEST_URL = 16 * 1024;

/** An http or https address of at most 16 KiB; undefined for anything else. */
export function parseHttpUrl(text: string): URL | undefined {
  if (text.length > LONGEST_URL || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Without user, password, query and fragment: keys stand there. */
export function withoutSecrets(address: string): string {
  const url = parseHttpUrl(address);
  return url === undefined ? 'an address that cannot be read' : `${url.origin}${url.pathname}`;
}

/**
 * A name from outside as one segment of a path. Encoded or not, `.` and `..` are normalised away on the way, so that
 * another route would be met, and no server routes a segment with a slash.
 *
 * @returns undefined for a name that no segment can carry
 */
export function pathSegment(name: string): string | undefined {
  return /^\.{0,2}$|\//.test(name) ? undefined : encodeURIComponent(name.toWellFormed());
}

export function hostOf(address: string): string {
  return parseHttpUrl(address)?.host ?? 'the server';
}

export interface RunAddress {
  /** The run, with its slash at the end, as calls want it. */
  url: string;
  /** What is before `/projects/`, without a slash at the end. */
  server: string;
  project: string;
  build: number;
  run: string;
}

/** Whether an argument means an address, and not a run's name or a file. */
export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * The run that an address names: its own, with or without the slash, or that of its console, its
 * `.rundef.json`, its `.simulate.sh`, its tests or any artifact. Query and fragment do not count.
 *
 * @returns undefined for an address of another shape: a front end's page, or no run
 */
export function parseRunUrl(text: string): RunAddress | undefined {
  const url = parseHttpUrl(text);
  if (url === undefined) return undefined;
  const [, before = '', project = '', build = '', run = ''] =
    // The shortest beginning: a project's name may have slashes, and its parts any name.
    /^(.*?)\/projects\/(.+?)\/builds\/(\d{1,15})\/runs\/([^/]+)(?:\/.*)?$/.exec(url.pathname) ?? [];
  if (run === '') return undefined;
  const names = decoded(project, run);
  if (names === undefined) return undefined;
  const server = `${url.origin}${before}`;
  const path = `/projects/${project}/builds/${build}/runs/${run}/`;
  return { url: `${server}${path}`, server, project: names[0], build: Number(build), run: names[1] };
}

/** The build that an address names when it names no run of it; for messages. */
export function isBuildUrl(text: string): boolean {
  return /\/projects\/.+\/builds\/\d+(\/(runs\/?)?)?$/.test(parseHttpUrl(text)?.pathname ?? '');
}

function decoded(project: string, run: string): [string, string] | undefined {
  try {
    return [decodeURIComponent(project), decodeURIComponent(run)];
  } catch {
    return undefined;
  }
}

/**
 * The run of a page by its address alone, for front ends that are known.
 *
 * @param pattern address with `{project}`, `{build}` and `{run}` in it, as the server's RUN_URL_FMT
 */
export function runByPattern(page: string, server: string, pattern: string): RunAddress | undefined {
  const groups: Record<string, string> = {
    project: '(?<project>.+?)',
    build: '(?<build>\\d{1,15})',
    run: '(?<run>[^/?#]+)',
  };
  const seen = new Set<string>();
  const source = pattern
    .replace(/\/+$/, '')
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = part.slice(1, -1);
      if (!part.startsWith('{') || !Object.hasOwn(groups, name)) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      if (seen.has(name)) return '[^/]+';
      seen.add(name);
      return groups[name] ?? '';
    })
    .join('');
  if (seen.size < 3) return undefined;
  const { project, build, run } = new RegExp(`^${source}(?:[/?#].*)?$`).exec(page)?.groups ?? {};
  if (project === undefined) return undefined;
  return parseRunUrl(`${server.replace(/\/+$/, '')}/projects/${project}/builds/${build}/runs/${run}/`);
}

/** By the words that login pages have in their paths. */
export function isLoginAddress({ pathname }: URL): boolean {
  return /\b(log-?in|sign-?in|sso|saml|oauth2?|auth)\b/i.test(pathname);
}
