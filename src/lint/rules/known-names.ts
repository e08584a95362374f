import { asList, asObject, asText, childPath } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import { matcherOf } from '../fnmatch.js';
import { placeOfPart } from '../places.js';
import type { Finding, Rule } from '../rule.js';
import { helpWithChoices } from '../suggest.js';
import { isToken } from './plaintext-secret.js';
import { placeOf, SECRET_NAME, secretReferences } from './secret-references.js';

/** Rules that compare with what the config file says of the server. Without such a list they look at nothing. */

/*
 * models.py `Run.pop_queued`: a worker gets a run when one of its tags, or its name, matches the run's host-tag by
 * `fnmatch`; project.py lowers the host-tag before. Nothing limits how long a run waits.
 */
export const unknownHostTag: Rule = {
  id: 'unknown-host-tag',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'No worker has this host-tag, going by the `host-tags` in the config file.',
  explain: {
    why: 'A run waits in the queue until a worker comes that has its host-tag, however long that takes. With the tags of your workers under `host-tags` in the config file, those that none of them has are found. A host-tag may hold `*` and `?`; the server makes it lower case before it compares.',
    config: { hostTags: ['amd64', 'arm64'] },
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: x86_64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check({ config, runs }) {
    const { hostTags } = config;
    if (hostTags === undefined) return;
    const known = new Map<string, boolean>();
    for (const { path, run } of runs) {
      for (const { tag, at } of hostTagsOf(path, run)) {
        const lower = tag.toLowerCase();
        const is = known.get(lower) ?? isKnown(lower, hostTags);
        known.set(lower, is);
        if (is) continue;
        const help = helpWithChoices(tag, hostTags, 'Known in the config file');
        const message = `No worker has the host-tag \`${lower}\`; the run will wait in the queue.`;
        yield { path: at, message, ...(help !== undefined && { help }) };
      }
    }
  },
};

function isKnown(tag: string, known: readonly string[]): boolean {
  return known.includes(tag) || known.some(matcherOf(tag) ?? (() => true));
}

/** The host-tags that a run gets: its own, or the values of a loop over them. */
function hostTagsOf(path: string, run: CheckContext['runs'][number]['run']): { tag: string; at: string }[] {
  const loops = [...(asList(run['loop-on']) ?? []).entries()].filter(
    ([, loop]) => asObject(loop)?.['param'] === 'host-tag',
  );
  if (loops.length === 0) {
    const tag = asText(run['host-tag']);
    return tag ? [{ tag, at: `${path}/host-tag` }] : [];
  }
  return loops.flatMap(([i, loop]) =>
    (asList(asObject(loop)?.['values']) ?? []).flatMap((value, j) =>
      typeof value === 'string' && value !== '' ? [{ tag: value, at: `${path}/loop-on/${i}/values/${j}` }] : [],
    ),
  );
}

/** What the server adds by itself: api/build.py `build_create`. */
const ADDED = new Set(['triggered-by']);

/** The facts are those of `secret-name`; what a script reads is a file that is not there. */
export const unknownSecret: Rule = {
  id: 'unknown-secret',
  severity: 'error',
  server: 'fails',
  summary: 'A secret is not among the `secrets` in the config file.',
  explain: {
    why: 'The server looks a secret up by its name when it makes the run, and fails the build when there is none; it leaves a webhook out, and a script finds no file below `/secrets`. With the names of the secrets that the project has under `secrets` in the config file, others are found before that.',
    config: { secrets: ['registry_token'] },
    bad: `${ONE_RUN}      - name: build
        container: registry.example.org/sdk:12
        container-auth: regsitry_token
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: registry.example.org/sdk:12
        container-auth: registry_token
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    const { secrets } = context.config;
    if (secrets === undefined) return;
    const known = new Set(secrets);
    for (const secret of secretReferences(context)) {
      const { name, kind } = secret;
      if (known.has(name) || ADDED.has(name) || !SECRET_NAME.test(name) || isToken(name)) continue;
      const weight = kind === 'webhook' ? MISBEHAVES : {};
      yield { ...placeOf(context, secret), ...unknown(name, secrets), ...weight };
    }
    for (const { path, name, from } of readSecrets(context)) {
      if (known.has(name) || ADDED.has(name)) continue;
      const range = placeOfPart(context.document.layout(path), name, from);
      yield { path, ...(range && { range }), ...unknown(name, secrets), ...MISBEHAVES };
    }
  },
};

const MISBEHAVES = { severity: 'warning', server: 'misbehaves' } as const;

function unknown(name: string, secrets: readonly string[]): Pick<Finding, 'message' | 'help'> {
  const help = helpWithChoices(name, secrets, 'Known in the config file');
  return { message: `The project has no secret \`${name}\`.`, ...(help !== undefined && { help }) };
}

/** The files below /secrets that scripts name as they are, each once in a script; `from`: where to look for it. */
function* readSecrets({ document, root }: CheckContext): Generator<{ path: string; name: string; from: number }> {
  const scripts = asObject(root?.['scripts']);
  for (const key in scripts) {
    if (!asText(scripts[key])?.includes('/secrets/')) continue;
    const path = childPath('/scripts', key);
    const raw = document.layout(path)?.raw ?? '';
    const seen = new Set<string>();
    for (const match of raw.matchAll(/^(?![ \t]*#).*$/gm)) {
      for (const read of match[0].matchAll(/(?<![\w.}-])\/secrets\/([\w.-]+)(?![\w.-]|[$*?{[])/g)) {
        const name = (read[1] ?? '').replace(/\.+$/, '');
        if (name === '' || seen.has(name)) continue;
        seen.add(name);
        yield { path, name, from: match.index + read.index };
      }
    }
  }
}
