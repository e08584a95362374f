/** From a page of the server's web front end to the run that it shows. */
import { parseHttpUrl } from './address.js';
import type { Call } from './call.js';
import type { HttpClient } from './http.js';
import { readRun } from './run.js';
import { parseRunUrl, type RunAddress } from './run-url.js';
import { ServerFailure } from './server-failure.js';

/** A page that links to more runs than this is a list. */
const MOST_LINKS = 8;

/**
 * The run of a front end's page: one that the page links to, and whose own JSON names this page
 * as where people read about it (`web_url`). A page that a script draws in the browser has no links.
 *
 * @returns undefined when the page leads to no such run
 * @throws ServerFailure when the page cannot be read
 */
export async function runOfPage(http: HttpClient, page: string, signal?: AbortSignal): Promise<RunAddress | undefined> {
  const call: Call = { method: 'GET', url: page, what: 'read the page of the run', accept: 'any', signal };
  const { body, url } = await http.send(call);
  const links = new Map<string, RunAddress>();
  for (const [found] of body.toString('utf8').matchAll(/(?:https?:\/\/|\/)[^\s"'<>\\()]*\/runs\/[^\s"'<>\\()]+/g)) {
    const target = found.replaceAll('&amp;', '&');
    const address = URL.canParse(target, url) ? parseRunUrl(new URL(target, url).href) : undefined;
    if (address !== undefined) links.set(address.url, address);
  }
  for (const address of [...links.values()].slice(0, MOST_LINKS)) {
    if (await isPageOf(http, address, page, signal)) return address;
  }
  return undefined;
}

/** A server that knows no such run, or shows it to others only, is no reason to give up. */
async function isPageOf(
  http: HttpClient,
  address: RunAddress,
  page: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const { webUrl } = await readRun(http, address.url, signal);
    return webUrl !== undefined && samePage(webUrl, page);
  } catch (error) {
    if (error instanceof ServerFailure) return false;
    throw error;
  }
}

/** Slashes at the end, queries and fragments do not count. */
function samePage(one: string, other: string): boolean {
  const page = (text: string) => {
    const url = parseHttpUrl(text);
    return url && `${url.host}${url.pathname.replace(/\/+$/, '')}`;
  };
  return page(one) === page(other);
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
