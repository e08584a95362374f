import type { Rule } from './rule.js';

/** Rules about names and loops. */

export const badPlaceholder: Rule = {
  id: 'bad-placeholder',
  severity: 'error',
  server: 'rejects',
  summary: 'A name in a run with a loop has braces that the server cannot fill in.',
  *check({ problems }) {
    for (const { kind, path, message } of problems) {
      if (kind === 'placeholder') {
        yield { path, message, help: 'Write `{loop}` for the values of the loop; a brace as such is `{{` or `}}`.' };
      }
    }
  },
};

export const loopSize: Rule = {
  id: 'loop-size',
  severity: 'error',
  server: 'rejects',
  summary: 'Loops make so many runs that the server gives up on them.',
  *check({ problems }) {
    for (const { kind, path, message } of problems) {
      if (kind === 'loop-size') yield { path, at: 'key', message, help: 'Loop over fewer values.' };
    }
  },
};
