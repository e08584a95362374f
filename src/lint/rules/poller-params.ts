import type { YamlObject, YamlValue } from '../../python/yaml/load.js';
import { asObject, asText } from '../../schema/values.js';
import type { CheckContext, TriggerView } from '../context.js';
import { allReferences } from '../links.js';
import { placeOfPart } from '../places.js';
import type { Finding, RuleCheck } from '../rule.js';
import { nearest } from '../suggest.js';

const NEEDED = ['GIT_URL', 'GIT_POLL_REFS'];

/*
 * git_poller.py `_poll_project`: only the trigger's own params are looked at; without both of them the trigger is
 * passed over with a line in the server's log. `_get_refs` asks by `requests`, which raises for anything but HTTP, and
 * that ends the round for all projects that come later.
 */
export const pollerParams: RuleCheck = {
  id: 'poller-params',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    const started = new Set([...allReferences(context)].map(({ to }) => to));
    for (const view of context.triggers) {
      if (view.trigger['type'] !== 'git_poller' || !context.isSound(`${view.path}/params`)) continue;
      if (context.isMisspelt(view.path, 'params')) continue;
      const params = asObject(view.trigger['params']) ?? {};
      const missing = NEEDED.filter((key) => words(params[key]).length === 0);
      // A trigger that says nothing at all, and that another one starts, is not there to poll.
      if (missing.length === 2 && started.has(view)) continue;
      if (missing.length > 0) yield missingParams(context, view, params, missing);
      for (const url of words(params['GIT_URL'])) {
        if (!/^https?:\/\//i.test(url)) yield notHttp(context, `${view.path}/params/GIT_URL`, url);
      }
    }
  },
};

function missingParams(
  context: CheckContext,
  { path, trigger }: TriggerView,
  params: YamlObject,
  missing: string[],
): Finding {
  const names = missing.map((key) => `\`${key}\``).join(' and ');
  const what = missing.length > 1 ? 'are' : 'is';
  const message = `${names} ${what} missing in the params of this trigger; the poller passes it over.`;
  for (const key of missing) {
    if (key in params)
      return { path: `${path}/params/${key}`, message: `\`${key}\` is empty; the poller passes the trigger over.` };
  }
  for (const key of Object.keys(params)) {
    const meant = NEEDED.includes(key) ? undefined : nearest(key, missing);
    if (meant !== undefined)
      return { path: `${path}/params/${key}`, at: 'key', message, help: `Did you mean \`${meant}\`?` };
  }
  const above = asObject(context.root?.['params']) ?? {};
  const [elsewhere] = missing.filter((key) => key in above);
  const help = elsewhere
    ? `\`${elsewhere}\` in the params of the definition does not count: put it into those of the trigger.`
    : 'For example `GIT_URL: https://git.example.org/acme/blinky.git` and `GIT_POLL_REFS: refs/heads/main`.';
  const related = elsewhere
    ? [{ path: `/params/${elsewhere}`, at: 'key' as const, message: 'not looked at by the poller' }]
    : [];
  const place = 'params' in trigger ? { path: `${path}/params`, at: 'key' as const } : { path, at: 'whole' as const };
  return { ...place, message, help, ...(related.length > 0 && { related }) };
}

function notHttp({ document }: CheckContext, path: string, url: string): Finding {
  const range = placeOfPart(document.layout(path), url);
  const short = /^(?:[^@/:]+@)?([\w.-]+):(?!\/\/)(.+)$/.exec(url) ?? /^\w+:\/\/(?:[^@/]+@)?([^/]+)\/(.+)$/.exec(url);
  return {
    path,
    ...(range && { range }),
    message: `The poller speaks HTTP only; at \`${url}\` it stumbles, and looks at nothing that comes after it.`,
    help: short ? `Write \`https://${short[1]}/${short[2]}\`.` : 'Write a URL that begins with `https://`.',
  };
}

/** What stands between the blanks, as Python splits. */
export function words(value: YamlValue | undefined): string[] {
  return (asText(value) ?? '').split(/\s+/).filter((word) => word !== '');
}
