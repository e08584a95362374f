/** What a person pastes for a run, read: `…/projects/PROJECT/builds/N/runs/NAME/` and anything below it. */
import { parseHttpUrl } from './address.js';

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
