import { asText, childPath, valueAt } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { allParams } from '../runs.js';
import { secretReferences } from './secret-name.js';

/*
 * api/run.py hides the values of secrets from readers (`_get_run_def`), and no params and no script; the runner writes
 * all params to the console (simple.py `docker_run`), which a public project shows to everybody.
 */
export const plaintextSecret: RuleCheck = {
  id: 'plaintext-secret',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, text, name, help = READ_IT } of texts(context)) {
      const found = name === undefined ? undefined : namedSecret(name, text);
      const secrets = found ? [found] : context.ofText(text, secretsIn);
      for (const { what, start, end } of secrets) {
        yield {
          path,
          range: placeInScalar(context, path, text, start, end),
          message: `This looks like ${what}; everybody who can read the definition or the console has it.`,
          help: `Make it a secret of the project, and ${help}. Replace it, too: it is no longer secret.`,
        };
      }
    }
  },
};

const READ_IT = 'read it from /secrets in the script';

const NAME_IT = 'give its name here';

interface Text {
  path: string;
  text: string;
  /** The name of the param whose value it is. */
  name?: string;
  /** How to use the secret that it should be. */
  help?: string;
}

function* texts(context: CheckContext): Generator<Text> {
  const { document, root } = context;
  for (const { place, name } of allParams(context)) {
    const text = place.at === 'key' ? asText(valueAt(document.value, place.path)) : undefined;
    if (text !== undefined) yield { path: place.path, text, name };
  }
  for (const [name, text] of Object.entries(root?.scripts ?? {})) {
    if (text) yield { path: childPath('/scripts', name), text };
  }
  for (const [name, repository] of Object.entries(root?.['script-repos'] ?? {})) {
    const text = repository?.['clone-url'];
    if (text) yield { path: `${childPath('/script-repos', name)}/clone-url`, text };
  }
  const named = new Set([...secretReferences(context)].map(({ path }) => path));
  for (const path of named) yield { path, text: asText(valueAt(document.value, path)) ?? '', help: NAME_IT };
}

interface Secret {
  what: string;
  /** Where in the text. */
  start: number;
  end: number;
}

/** Each with the secret itself as its first group. */
const CONTEXTS: readonly [string, RegExp][] = [
  ['a password in a URL', /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/@:'"]{0,100}:([^\s/@'"]{1,200})@[^\s/]/gi],
  ['a token in a header', /\bAuthorization: *(?:Bearer|Token|Basic) +([A-Za-z0-9._~+/=-]{16,})/gi],
  ['a password', /\bcurl\b[^\n|;&]{0,300}? (?:-u|--user)[ =]?["']?[A-Za-z0-9_.@-]{1,100}:([^\s"']{4,})/g],
];

const ASSIGNMENT = /(?<![\w-])([A-Za-z_][A-Za-z0-9_]{0,100})=(["']?)([^\s"'`;&|]{1,500})\2(?=[\s;&|]|$)/g;

function secretsIn(text: string): Secret[] {
  const found: Secret[] = [];
  for (const [what, pattern] of TOKENS) {
    for (const { index, 0: token } of text.matchAll(pattern))
      found.push({ what, start: index, end: index + token.length });
  }
  for (const [what, pattern] of CONTEXTS) {
    for (const match of text.matchAll(pattern)) {
      const secret = match[1] ?? '';
      const start = match.index + match[0].lastIndexOf(secret);
      if (isLiteral(secret)) found.push({ what, start, end: start + secret.length });
    }
  }
  for (const match of text.matchAll(ASSIGNMENT)) {
    const [whole, name = '', quote = '', value = ''] = match;
    const secret = namedSecret(name, value);
    const start = match.index + whole.length - quote.length - value.length;
    if (secret) found.push({ what: secret.what, start, end: start + value.length });
  }
  return withoutOverlaps(found);
}

/** In the order of the text. A token in a header is one mistake, and best called by its form, which comes first. */
function withoutOverlaps(found: readonly Secret[]): Secret[] {
  const order = new Map(found.map((secret, i) => [secret, i]));
  const kept: Secret[] = [];
  for (const secret of [...found].sort((a, b) => a.start - b.start)) {
    const before = kept.at(-1);
    if (before === undefined || before.end <= secret.start) kept.push(secret);
    else if ((order.get(secret) ?? 0) < (order.get(before) ?? 0)) kept[kept.length - 1] = secret;
  }
  return kept;
}

const PASSWORD = /(?:^|_)(?:password|passwd|passphrase)$/i;

const KEY = /(?:^|_)(?:secret|token|api_?key|access_key|secret_key|private_key)$/i;

/** Whether the name of a variable means that its value is a secret. */
function namedSecret(name: string, value: string): Secret | undefined {
  const whole = { start: 0, end: value.length };
  if (!isLiteral(value) || /[\s/:]/.test(value)) return undefined;
  if (PASSWORD.test(name) && value.length >= 4) return { what: 'a password', ...whole };
  // The name of a secret is a word; the secret itself is long, and of letters and digits.
  const random =
    value.length >= 16 && /[0-9]/.test(value) && /[A-Za-z]/.test(value) && !/^[a-z]+(?:[-_.][a-z0-9]+)+$/.test(value);
  return KEY.test(name) && random ? { what: 'a secret', ...whole } : undefined;
}

/** Neither a variable that a shell fills in nor a placeholder. */
function isLiteral(value: string): boolean {
  return (
    !/[$`<>{}]|^\*+$|^x+$|^(?:todo|changeme|change-me|example|none|null|empty|placeholder|redacted|dummy)$/i.test(
      value,
    ) && value !== ''
  );
}

/** Whether it has a form that only real tokens have. */
export function isToken(text: string): boolean {
  return TOKENS.some(([, pattern]) => text.search(pattern) === 0);
}

/** Forms that nothing else has; the issuers document them. */
const TOKENS: readonly [string, RegExp][] = [
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{30,})/g],
  ['a token of GitLab', /\bgl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,}/g],
  ['a key of AWS', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ['a key of Google', /\bAIza[A-Za-z0-9_-]{35}\b/g],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b/g],
  ['a token of Slack', /\bxox[abeprs]-[A-Za-z0-9-]{20,}/g],
  ['a private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/g],
  ['a JSON web token', /(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g],
];
