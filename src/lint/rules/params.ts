import { PARAMS_OF_TRIGGER } from '../../schema/model.js';
import { asText } from '../../schema/values.js';
import { allParams } from '../all-params.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Finding, Rule } from '../rule.js';

/** Rules about the names of params: what becomes an environment variable, and who else sets it. */

/*
 * simple.py `docker_run` writes `NAME=value` lines to a file for `docker run --env-file`, and the docker CLI reads it:
 * it cuts blanks off the front, passes lines over that begin with `#`, ends the name at the first `=`, and refuses a
 * name with a blank in it and one that is empty. Measured; `executor/container-env.ts` does the same.
 */
export const invalidParamName: Rule = {
  id: 'invalid-param-name',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A param has a name that no environment variable can have.',
  explain: {
    why: 'Params become environment variables of the container, one `NAME=value` a line. A name with a blank in it, or an empty one, is refused there and fails the run; one that begins with `#` is left out as a comment, and one with `=` in it is cut in two. What is no name to a shell, such as `my-param`, gets there, but `$my-param` is `$my` and a text.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        params:
          BUILD TYPE: release
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        params:
          BUILD_TYPE: release
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { place, name } of allParams(context)) {
      const fault = nameFault(name);
      if (fault) yield { ...place, ...fault };
    }
  },
};

function nameFault(name: string): Omit<Finding, 'path'> | undefined {
  const help = suggestion(name);
  const misbehaves = { severity: 'warning', server: 'misbehaves', ...(help !== undefined && { help }) } as const;
  const written = name.replace(/^[\s\u0085]+/, '');
  const variable = written.split('=')[0] ?? '';
  if (written.startsWith('#')) return { message: `\`${name}\` begins like a comment, and is left out.`, ...misbehaves };
  if (variable === '') return { message: 'A param needs a name; without one the container cannot be started.' };
  if (/[ \t]/.test(variable)) {
    const message = `A blank cannot be in the name of a param; with \`${name}\` the container cannot be started.`;
    return { message, ...(help !== undefined && { help }) };
  }
  if (written !== variable) return { message: `This sets \`${variable}\`: the name ends at the \`=\`.`, ...misbehaves };
  if (written !== name) return { message: `This sets \`${written}\`: blanks in front are cut off.`, ...misbehaves };
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined;
  const message =
    name === 'host-tag'
      ? 'This is a variable like any other, which a shell cannot read; it does not choose the worker.'
      : `A shell cannot read a variable called \`${name}\`.`;
  return { message, severity: 'info', server: 'accepts', ...(help !== undefined && { help }) };
}

function suggestion(name: string): string | undefined {
  const better = name
    .trim()
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+(?=.)|_+$/g, '')
    .replace(/^(?=[0-9])/, '_');
  return better === '' || better === name ? undefined : `For example \`${better}\`.`;
}

/** Always the server's or the worker's own: project.py `get_run_definition`, api/worker.py, jobserv_worker.py. */
const ALWAYS: Readonly<Record<string, string>> = {
  H_PROJECT: 'the name of the project',
  H_BUILD: 'the number of the build',
  H_RUN: 'the name of the run',
  H_RUN_URL: 'the URL of the run',
  H_WORKER: 'the name of the worker',
};

/** Which the trigger itself reads in its params. */
const READ_BY_TRIGGER: Readonly<Record<string, string>> = { git_poller: 'GIT_URL', github_pr: 'GH_BRANCH' };

export const reservedParam: Rule = {
  id: 'reserved-param',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'A param that the server or the trigger sets itself, whatever is written.',
  explain: {
    why: '`H_PROJECT`, `H_BUILD`, `H_RUN`, `H_RUN_URL` and `H_WORKER` are set by the server and the worker, after all params. And what a trigger knows about a change, such as `GIT_SHA` or `GH_PRNUM`, goes over the params of its runs. The value that is written is lost without a word; in a loop all runs get the same.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        params:
          H_RUN: nightly-build
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        params:
          RUN_LABEL: nightly-build
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { place, name, level, view } of allParams(context)) {
      if (Object.hasOwn(ALWAYS, name)) {
        yield {
          ...place,
          message: `\`${name}\` is always ${ALWAYS[name]}; what is written here is lost.`,
          help: RENAME,
        };
        continue;
      }
      const type = asText(view?.trigger['type']) ?? '';
      if (!(Object.hasOwn(PARAMS_OF_TRIGGER, type) && PARAMS_OF_TRIGGER[type]?.includes(name))) continue;
      if (level === 'trigger' && READ_BY_TRIGGER[type] === name) continue;
      const message = `A ${type} trigger sets \`${name}\` itself; what is written here only counts in a build that somebody starts by hand.`;
      yield { ...place, message, ...(level === 'trigger' && { severity: 'info' as const }) };
    }
  },
};

const RENAME = 'Choose another name; those that begin with `H_` belong to the server.';
