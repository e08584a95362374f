/** Whether it has a form that only real tokens have. */
export function isToken(text: string): boolean {
  return TOKENS.some(([, pattern]) => text.search(pattern) === 0);
}

/** Forms that nothing else has; the issuers document them. */
export const TOKENS: readonly [string, RegExp][] = [
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{30,})/g],
  ['a token of GitLab', /\bgl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,}/g],
  ['a key of AWS', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ['a key of Google', /\bAIza[A-Za-z0-9_-]{35}\b/g],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b/g],
  ['a token of Slack', /\bxox[abeprs]-[A-Za-z0-9-]{20,}/g],
  ['a private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/g],
  ['a JSON web token', /(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g],
];
