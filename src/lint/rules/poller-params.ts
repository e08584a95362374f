import type { CheckContext, TriggerView } from '../context.js';
import type { Finding } from '../finding.js';
import { placeOfPart } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { didYouMean, nearest } from '../suggest.js';
import { allReferences } from '../triggers.js';

const NEEDED = ['GIT_URL', 'GIT_POLL_REFS'];

/*
 * git_poller.py `_poll_project`: only the trigger's own params count; without both of them the poller skips the trigger
 * and writes a line to the server's log. `_get_refs` uses `requests`, which raises for anything but HTTP, and that ends
 * the round for all projects that come later.
 */
export const pollerParams: RuleCheck = {
  id: 'poller-params',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    const started = new Set([...allReferences(context)].map(({ to }) => to));
    for (const view of context.triggers) {
      const { path, trigger } = view;
      if (trigger.type !== 'git_poller' || !context.isSound(`${path}/params`)) continue;
      if (context.isMisspelt(path, 'params')) continue;
      const missing = NEEDED.filter((key) => words(trigger.params?.[key]).length === 0);
      // A trigger with neither, that another one starts, is not meant to poll.
      if (missing.length === 2 && started.has(view)) continue;
      if (missing.length > 0) yield missingParams(context, view, missing);
      for (const url of words(trigger.params?.['GIT_URL'])) {
        if (!/^https?:\/\//i.test(url)) yield notHttp(context, `${path}/params/GIT_URL`, url);
      }
    }
  },
};

function missingParams({ root }: CheckContext, { path, trigger }: TriggerView, missing: string[]): Finding {
  const params = trigger.params ?? {};
  const names = missing.map((key) => `\`${key}\``).join(' and ');
  const what = missing.length > 1 ? 'are' : 'is';
  const message = `${names} ${what} missing in the params of this trigger; the poller skips it.`;
  const empty = missing.find((key) => key in params);
  if (empty !== undefined)
    return { path: `${path}/params/${empty}`, message: `\`${empty}\` is empty; the poller skips the trigger.` };
  for (const key of Object.keys(params)) {
    const meant = NEEDED.includes(key) ? undefined : nearest(key, missing);
    if (meant !== undefined)
      return {
        path: `${path}/params/${key}`,
        at: 'key',
        message,
        help: didYouMean(meant),
        meant: { name: key, instead: meant },
      };
  }
  const place = 'params' in trigger ? { path: `${path}/params`, at: 'key' as const } : { path, at: 'whole' as const };
  const elsewhere = missing.find((key) => key in (root?.params ?? {}));
  if (elsewhere === undefined) {
    const help = 'For example `GIT_URL: https://git.example.org/acme/blinky.git` and `GIT_POLL_REFS: refs/heads/main`.';
    return { ...place, message, help };
  }
  return {
    ...place,
    message,
    help: `\`${elsewhere}\` in the params of the definition does not count: put it into those of the trigger.`,
    related: [{ path: `/params/${elsewhere}`, at: 'key', message: 'the poller does not look here' }],
  };
}

function notHttp({ document }: CheckContext, path: string, url: string): Finding {
  const short = /^(?:[^@/:]+@)?([\w.-]+):(?!\/\/)(.+)$/.exec(url) ?? /^\w+:\/\/(?:[^@/]+@)?([^/]+)\/(.+)$/.exec(url);
  return {
    path,
    range: placeOfPart(document.layout(path), url),
    message: `The poller supports HTTP only; it fails at \`${url}\`, and polls nothing that comes after it.`,
    help: short ? `Write \`https://${short[1]}/${short[2]}\`.` : 'Write a URL that begins with `https://`.',
  };
}

/** Split at blanks, as Python splits. */
export function words(value: string | null | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}
