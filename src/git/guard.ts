/** What a rundef may say to git. Its URLs and references end up in an argument vector, where `-x` would be an option. */
import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { RunFailure } from '../executor/index.js';
import { isBelow } from '../lib/index.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

/** As git reads it: a folder of this host, neither `scheme://…` nor `host:path`. */
export const isHostFolder = (url: string): boolean => /^file:/i.test(url) || !/^[^/:]+:/.test(url);

/** Repositories of this host that a run may clone. On a worker there are none. */
export interface HostRepositories {
  /** Addresses that the user gave. */
  given?: readonly (string | undefined)[];
  /** Those in this folder: the definition's, whose files the user chose to run. */
  within?: string;
}

/**
 * A folder of this host may be anybody's, another run's too, and on another host it would be another one.
 *
 * @throws RunFailure for an option, a transport helper (`ext::…` runs commands), control characters, or a folder
 */
export function checkUrl(url: string, name: string, allowed: HostRepositories = {}): void {
  const shown = JSON.stringify(url);
  if (url === '')
    throw refuse(`${name} is empty, so there is nothing to clone. Set it to the address of a repository.`);
  if (url.startsWith('-')) throw refuse(`${name} ${shown} begins with "-": git would take it for an option.`);
  if (CONTROL.test(url)) throw refuse(`${name} ${shown} has control characters in it. Remove them.`);
  if (/^[A-Za-z0-9][A-Za-z0-9+.-]*::/.test(url)) {
    throw refuse(
      `${name} ${shown} names a transport helper, which could run any command. Use an https or ssh address.`,
    );
  }
  if (isHostFolder(url) && !allowed.given?.includes(url) && !isWithin(url, allowed.within)) {
    const given = name === 'GIT_URL' ? ', or give the folder yourself with -p GIT_URL=FOLDER' : '';
    throw refuse(
      `${name} ${shown} is a folder of this host, which is not for runs. Use the address of a server; for a simulation, put the repository below the definition's folder${given}.`,
    );
  }
}

/** Links are followed: what counts is where the files lie. */
function isWithin(url: string, folder: string | undefined): boolean {
  const path = url.replace(/^file:\/\//i, '');
  if (folder === undefined || !path.startsWith(sep) || path.includes('%')) return false;
  try {
    return isBelow(realpathSync(path), realpathSync(folder));
  } catch {
    // It is not there: git says so.
    return isBelow(resolve(path), resolve(folder));
  }
}

/** @throws RunFailure for what git would take for an option, or could never be a reference */
export function checkRef(ref: string, name: string): void {
  const shown = JSON.stringify(ref);
  if (ref.startsWith('-')) throw refuse(`${name} ${shown} begins with "-": git would take it for an option.`);
  if (CONTROL.test(ref)) throw refuse(`${name} ${shown} has control characters in it. Remove them.`);
}

/** An address without user and password: for messages, and for what others may read. `git@` of an ssh address stays. */
export function withoutCredentials(url: string): string {
  return url.replace(
    /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@/i,
    (_, scheme: string, user: string) => scheme + (/ssh/i.test(scheme) ? `${user.split(':')[0]}@` : ''),
  );
}

function refuse(message: string): RunFailure {
  return new RunFailure('setup', message);
}
