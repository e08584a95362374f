import type { CheckContext } from '../context.js';
import type { Fault, Finding } from '../finding.js';
import { placeOfPart } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { nearest } from '../suggest.js';
import { words } from './poller-params.js';

/** Namespaces that repositories have; a name so near to one of them is a slip. */
const NAMESPACES = ['heads', 'tags', 'pull', 'merge-requests', 'changes', 'notes', 'remotes'];

/*
 * git_poller.py `_get_repo_changes`: whole names of refs, each against each pattern by Python's `fnmatch`; patterns are
 * split at blanks. api/github.py `_get_proj_def`: the name of the branch must be equal to one between the commas.
 */
export const refPattern: RuleCheck = {
  id: 'ref-pattern',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { path, trigger } of context.triggers) {
      if (!context.isSound(`${path}/params`)) continue;
      const { GIT_POLL_REFS, GH_BRANCH } = trigger.params ?? {};
      if (trigger.type === 'git_poller')
        yield* partFaults(context, `${path}/params/GIT_POLL_REFS`, words(GIT_POLL_REFS), patternFault);
      const names = GH_BRANCH?.split(',').map((part) => part.trim()) ?? [];
      if (trigger.type === 'github_pr') yield* partFaults(context, `${path}/params/GH_BRANCH`, names, branchFault);
    }
  },
};

/** The faults of the parts of a text, each at its place. */
function* partFaults(
  { document }: CheckContext,
  path: string,
  parts: string[],
  faultOf: (part: string) => Fault | undefined,
): Generator<Finding> {
  let from = 0;
  const layout = document.layout(path);
  for (const part of parts) {
    const range = placeOfPart(layout, part, from);
    if (layout && range) from = layout.raw.indexOf(part, from) + part.length;
    const fault = faultOf(part);
    if (fault) yield { path, range, ...fault };
  }
}

function patternFault(pattern: string): Fault | undefined {
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

function branchFault(name: string): Fault | undefined {
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
