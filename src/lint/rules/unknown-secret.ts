import { asObject, asText, childPath } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { placeOfPart } from '../places.js';
import type { Finding, RuleCheck } from '../rule.js';
import { helpWithChoices } from '../suggest.js';
import { isToken } from './plaintext-secret.js';
import { placeOf, SECRET_NAME, secretReferences } from './secret-name.js';

/** What the server adds by itself: api/build.py `build_create`. */
const ADDED = new Set(['triggered-by']);

/** The facts are those of `secret-name`; what a script reads is a file that is not there. */
export const unknownSecret: RuleCheck = {
  id: 'unknown-secret',
  severity: 'error',
  server: 'fails',
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
