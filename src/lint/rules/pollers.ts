import type { YamlObject, YamlValue } from '../../python/yaml/load.js';
import { asObject, asText } from '../../schema/values.js';
import type { CheckContext, TriggerView } from '../context.js';
import type { Range } from '../diagnostic.js';
import { SCRIPTS } from '../example-parts.js';
import { placeOfPart } from '../places.js';
import type { Finding, Rule } from '../rule.js';
import { nearest } from '../suggest.js';
import { allReferences } from './references-to-triggers.js';

/** Rules about what git_poller and github_pr triggers are told by their params. */

const NEEDED = ['GIT_URL', 'GIT_POLL_REFS'];

const polling = (params: string) => `timeout: 30
triggers:
  - name: pushed
    type: git_poller
    params:
${params}    runs:
      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`;

/*
 * git_poller.py `_poll_project`: only the trigger's own params are looked at; without both of them the trigger is
 * passed over with a line in the server's log. `_get_refs` asks by `requests`, which raises for anything but HTTP, and
 * that ends the round for all projects that come later.
 */
export const pollerParams: Rule = {
  id: 'poller-params',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A git_poller trigger does not say, in its own params, which refs of which repository to look at over HTTP.',
  explain: {
    why: 'The poller reads `GIT_URL` and `GIT_POLL_REFS` from the params of the trigger, and from nowhere else; params of the definition or of a run do not count. Without both of them it passes the trigger over, and no push ever starts a build. It speaks HTTP only: over any other URL it stumbles, and leaves out all that it would have looked at afterwards.',
    bad: polling(`      GIT_URL: https://git.example.org/acme/blinky.git
`),
    good: polling(`      GIT_URL: https://git.example.org/acme/blinky.git
      GIT_POLL_REFS: refs/heads/main
`),
  },
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
function words(value: YamlValue | undefined): string[] {
  return (asText(value) ?? '').split(/\s+/).filter((word) => word !== '');
}

/** Namespaces that repositories have; a name so near to one of them is a slip. */
const NAMESPACES = ['heads', 'tags', 'pull', 'merge-requests', 'changes', 'notes', 'remotes'];

/*
 * git_poller.py `_get_repo_changes`: whole names of refs, each against each pattern by Python's `fnmatch`; patterns are
 * split at blanks. api/github.py `_get_proj_def`: the name of the branch must be equal to one between the commas.
 */
export const refPattern: Rule = {
  id: 'ref-pattern',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A pattern for refs, or the name of a branch, that nothing can ever match.',
  explain: {
    why: '`GIT_POLL_REFS` holds patterns with blanks between them, each for the whole name of a ref such as `refs/heads/main`; a comma is taken for a part of the name. `GH_BRANCH` is the opposite: names of branches with commas between them, no patterns, and no `refs/heads/`. What matches nothing starts nothing, and the server says nothing.',
    bad: polling(`      GIT_URL: https://git.example.org/acme/blinky.git
      GIT_POLL_REFS: main refs/heads/release-*
`),
    good: polling(`      GIT_URL: https://git.example.org/acme/blinky.git
      GIT_POLL_REFS: refs/heads/main refs/heads/release-*
`),
  },
  *check(context) {
    for (const { path, trigger } of context.triggers) {
      if (!context.isSound(`${path}/params`)) continue;
      const params = asObject(trigger['params']) ?? {};
      if (trigger['type'] === 'git_poller') yield* pollRefs(context, `${path}/params/GIT_POLL_REFS`, params);
      if (trigger['type'] === 'github_pr') yield* branches(context, `${path}/params/GH_BRANCH`, params);
    }
  },
};

function* pollRefs(context: CheckContext, path: string, params: YamlObject): Generator<Finding> {
  let from = 0;
  const layout = context.document.layout(path);
  for (const pattern of words(params['GIT_POLL_REFS'])) {
    const range = placeOfPart(layout, pattern, from);
    if (layout && range) from = layout.raw.indexOf(pattern, from) + pattern.length;
    const fault = patternFault(pattern);
    if (fault) yield { path, ...at(range), ...fault };
  }
}

function patternFault(pattern: string): Pick<Finding, 'message' | 'help'> | undefined {
  if (pattern.includes(',')) {
    const names = pattern.split(',').filter((name) => name !== '');
    const message = `A comma is a part of the pattern here; \`${pattern}\` matches no ref.`;
    const help = names.length > 1 ? `Put blanks between the patterns: \`${names.join(' ')}\`.` : 'Remove the comma.';
    return { message, help };
  }
  // What stands before the first wildcard must be there as it is.
  const fixed = pattern.replace(/[*?[].*$/s, '');
  const open = fixed !== pattern;
  if (!(open && 'refs/'.startsWith(fixed)) && !fixed.startsWith('refs/')) {
    const message = `\`${pattern}\` matches no ref: the poller compares whole names, such as \`refs/heads/main\`.`;
    return { message, help: `Write \`refs/heads/${pattern.replace(/^\/?(?:heads\/)?/, '')}\`.` };
  }
  const [namespace, ...rest] = fixed.slice('refs/'.length).split('/') as [string, ...string[]];
  if (rest.length === 0 || NAMESPACES.includes(namespace)) return undefined;
  const meant = nearest(namespace, NAMESPACES);
  if (meant === undefined) return undefined;
  return { message: `\`${pattern}\` is in no namespace that git uses.`, help: `Did you mean \`refs/${meant}/\`?` };
}

function* branches(context: CheckContext, path: string, params: YamlObject): Generator<Finding> {
  const text = asText(params['GH_BRANCH']);
  let from = 0;
  const layout = context.document.layout(path);
  for (const name of text?.split(',').map((part) => part.trim()) ?? []) {
    const range = placeOfPart(layout, name, from);
    if (layout && range) from = layout.raw.indexOf(name, from) + name.length;
    const fault = branchFault(name);
    if (fault) yield { path, ...at(range), ...fault };
  }
}

function branchFault(name: string): Pick<Finding, 'message' | 'help'> | undefined {
  if (name.startsWith('refs/heads/')) {
    const message = 'GitHub names the branch alone; with `refs/heads/` it matches none.';
    return { message, help: `Write \`${name.slice('refs/heads/'.length)}\`.` };
  }
  if (/\s/.test(name)) {
    const message = `A blank cannot be in the name of a branch; \`${name}\` matches none.`;
    return { message, help: `Put commas between the names: \`${name.split(/\s+/).join(',')}\`.` };
  }
  if (!/[*?[\\^~:]/.test(name)) return undefined;
  const message = `\`${name}\` matches no branch: these are names, not patterns.`;
  return { message, help: 'Name each branch, with commas between them, or remove `GH_BRANCH` to build them all.' };
}

function at(range: Range | undefined): { range?: Range } {
  return range ? { range } : {};
}
