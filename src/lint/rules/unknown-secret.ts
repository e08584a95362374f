import { withoutTrailing } from '../../lib/index.js';
import { childPath } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Finding } from '../finding.js';
import { placeOfPart } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { choiceHelp } from '../suggest.js';
import { isToken } from './plaintext-secret.js';
import { placeOf, SECRET_NAME, secretReferences } from './secret-name.js';

/** Secrets that the server adds: api/build.py `build_create`. */
const ADDED = new Set(['triggered-by']);

/** The facts are those of `secret-name`; a script would read a file that does not exist. */
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
      yield { path, range, ...unknown(name, secrets), ...MISBEHAVES };
    }
  },
};

const MISBEHAVES = { severity: 'warning', server: 'misbehaves' } as const;

function unknown(name: string, secrets: readonly string[]): Pick<Finding, 'message' | 'help' | 'meant'> {
  return { message: `The project has no secret \`${name}\`.`, ...choiceHelp(name, secrets, 'In the configuration') };
}

/** The files below /secrets that scripts name as they are, each once in a script; `from`: where to look for it. */
function* readSecrets({ document, root }: CheckContext): Generator<{ path: string; name: string; from: number }> {
  for (const [key, script] of Object.entries(root?.scripts ?? {})) {
    if (!script?.includes('/secrets/')) continue;
    const path = childPath('/scripts', key);
    const raw = document.layout(path)?.raw ?? '';
    const seen = new Set<string>();
    for (const match of raw.matchAll(/^(?![ \t]*#).*$/gm)) {
      for (const read of match[0].matchAll(/(?<![\w.}-])\/secrets\/([\w.-]+)(?![\w.-]|[$*?{[])/g)) {
        const name = withoutTrailing(read[1] ?? '', '.');
        if (name === '' || seen.has(name)) continue;
        seen.add(name);
        yield { path, name, from: match.index + read.index };
      }
    }
  }
}
