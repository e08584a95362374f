import { withoutTrailing } from '../../lib/index.js';
import type { Fault } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { allParams } from '../runs.js';

/*
 * simple.py `docker_run` writes `NAME=value` lines to a file for `docker run --env-file`, and the docker CLI reads it:
 * it cuts blanks off the front, passes over lines that begin with `#`, ends the name at the first `=`, and refuses a
 * name with a blank in it and one that is empty. Measured; `executor/container-env.ts` does the same.
 */
export const invalidParamName: RuleCheck = {
  id: 'invalid-param-name',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { place, name } of allParams(context)) {
      const fault = nameFault(name);
      if (fault) yield { ...place, help: suggestion(name), ...fault };
    }
  },
};

const MISBEHAVES = { severity: 'warning', server: 'misbehaves' } as const;

function nameFault(name: string): Fault | undefined {
  const written = name.replace(/^[\s\u0085]+/, '');
  const variable = written.split('=')[0] ?? '';
  if (written.startsWith('#')) return { message: `\`${name}\` begins like a comment, and is left out.`, ...MISBEHAVES };
  if (variable === '')
    return { message: 'A param needs a name; without one the container cannot be started.', help: undefined };
  if (/[ \t]/.test(variable))
    return { message: `A blank cannot be in the name of a param; with \`${name}\` the container cannot be started.` };
  if (written !== variable) return { message: `This sets \`${variable}\`: the name ends at the \`=\`.`, ...MISBEHAVES };
  if (written !== name) return { message: `This sets \`${written}\`: blanks in front are cut off.`, ...MISBEHAVES };
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined;
  const message =
    name === 'host-tag'
      ? 'This is a variable like any other, which a shell cannot read; it does not choose the worker.'
      : `A shell cannot read a variable called \`${name}\`.`;
  return { message, severity: 'info', server: 'accepts' };
}

function suggestion(name: string): string | undefined {
  const readable = name.trim().replaceAll(/[^A-Za-z0-9_]+/g, '_');
  const better = withoutTrailing(readable.replace(/^_+(?=.)/, ''), '_').replace(/^(?=[0-9])/, '_');
  return better === '' || better === name ? undefined : `For example \`${better}\`.`;
}
