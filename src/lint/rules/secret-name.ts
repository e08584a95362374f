import { childPath } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Finding } from '../finding.js';
import { placeOfPart } from '../places.js';
import type { RuleCheck } from '../rule.js';

/** What the server lets a trigger's secret be called: models.py, `ProjectTrigger.update_secrets`. */
export const SECRET_NAME = /^[a-zA-Z0-9_.-]+\n?$/;

const HELP = 'Give the name of a secret, never its value: letters, digits, `_`, `.` and `-`.';

/** A place that names a secret. */
export interface SecretReference {
  path: string;
  name: string;
  kind: 'container-auth' | 'token' | 'webhook';
  /** Which of several names in one text it is. */
  part: number;
}

/*
 * container-auth and token: project.py `get_run_definition` refuses to make a run without the secrets, and with it the
 * build. Webhooks: api/run.py `_handle_build_complete` leaves out one whose secret it does not have.
 * A token of three parts: the worker's handlers/simple.py `_clone_script_repo` knows one and two, and else clones
 * without any; an empty part is a secret that is not there.
 */
export const secretName: RuleCheck = {
  id: 'secret-name',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    const reported = new Set<string>();
    for (const { path, parts } of tokens(context)) {
      const finding = tokenFinding(path, parts);
      if (finding === undefined) continue;
      reported.add(path);
      yield finding;
    }
    for (const secret of secretReferences(context)) {
      const { path, name, kind } = secret;
      if (SECRET_NAME.test(name) || reported.has(path)) continue;
      reported.add(path);
      yield {
        ...placeOf(context, secret),
        message: `\`${name}\` cannot be the name of a secret; the server ${kind === 'webhook' ? 'never calls this webhook' : 'makes no run that needs it'}.`,
        help: HELP,
        ...(kind === 'webhook' && WEBHOOK),
      };
    }
  },
};

const WEBHOOK = { severity: 'warning', server: 'misbehaves' } as const;

function tokenFinding(path: string, parts: string[]): Finding | undefined {
  const help = 'Write the name of one secret, or two as `user:token`.';
  if (parts.length > 2) {
    const message = `A token has one or two names; with ${parts.length} the worker clones without any.`;
    return { path, message, help, severity: 'warning', server: 'misbehaves' };
  }
  if (!parts.includes('')) return undefined;
  return { path, message: 'A name of this token is empty; the worker cannot clone with it.', help };
}

/** Just the name, where several are in one text. */
export function placeOf({ document }: CheckContext, { path, name, kind, part }: SecretReference) {
  if (kind !== 'token') return { path };
  const layout = document.layout(path);
  return { path, range: placeOfPart(layout, name, part === 0 ? 0 : (layout?.raw.indexOf(':') ?? 0) + 1) };
}

/** Every place that names a secret; an empty `container-auth` and an empty token count as none. */
export function* secretReferences(context: CheckContext): Generator<SecretReference> {
  for (const { path, run } of context.runs) {
    const name = run['container-auth'];
    if (name) yield { path: `${path}/container-auth`, name, kind: 'container-auth', part: 0 };
  }
  for (const { path, parts } of tokens(context)) {
    for (const [part, name] of parts.entries()) if (name !== '') yield { path, name, kind: 'token', part };
  }
  const owners = context.triggers.map(({ trigger, path }) => ({ webhooks: trigger.webhooks, base: path }));
  for (const { webhooks, base } of [{ webhooks: context.root?.webhooks, base: '' }, ...owners]) {
    for (const [i, webhook] of (webhooks ?? []).entries()) {
      const name = webhook?.secret_name;
      if (name != null) yield { path: `${base}/webhooks/${i}/secret_name`, name, kind: 'webhook', part: 0 };
    }
  }
}

function tokens({ root }: CheckContext): { path: string; parts: string[] }[] {
  return Object.entries(root?.['script-repos'] ?? {}).flatMap(([key, repository]) => {
    const token = repository?.token;
    return token ? [{ path: `${childPath('/script-repos', key)}/token`, parts: token.split(':') }] : [];
  });
}
