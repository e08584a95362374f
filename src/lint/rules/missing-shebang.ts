import type { LintedRun } from '../context.js';
import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { officialName, runScripts, startedDirectly } from '../runs.js';
import { parseShebang } from '../shell.js';

/** Official images without an entrypoint: the script itself is started. */
const WITHOUT_ENTRYPOINT = new Set(
  'alpine debian ubuntu fedora busybox archlinux almalinux rockylinux buildpack-deps gcc golang rust python ruby perl'.split(
    ' ',
  ),
);

/*
 * simple.py `create_script` writes the text to an executable file, and `docker_run` starts that. Without `#!` the kernel
 * does not know what to do: "exec format error", measured with an image without entrypoint. An entrypoint that is a
 * shell, or ends in a shell's `exec "$@"`, runs it all the same.
 */
export const missingShebang: RuleCheck = {
  id: 'missing-shebang',
  severity: 'warning',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const script of runScripts(context)) {
      const runs = startedDirectly(script);
      const sure = runs.some(hasNoEntrypoint);
      const fault = runs.length > 0 ? shebangFault(script.text, sure) : undefined;
      if (fault === undefined) continue;
      const { path, text } = script;
      const range = text === '' ? undefined : placeInScalar(context, path, text, fault.at, fault.at + fault.length);
      yield { path, range, message: fault.message, help: fault.help, ...(sure && { severity: 'error' }) };
    }
  },
};

interface ShebangFault {
  message: string;
  help: string;
  at: number;
  length: number;
}

/** @param sure whether no entrypoint reads the script */
function shebangFault(text: string, sure: boolean): ShebangFault | undefined {
  const shebang = parseShebang(text);
  const [first = ''] = text.split('\n', 1);
  if (shebang !== undefined && !first.endsWith('\r')) return undefined;
  const start = `the container cannot start it${sure ? '' : ', unless the entrypoint of its image reads scripts'}.`;
  const help = 'Begin it with a line such as `#!/bin/sh -e`.';
  if (shebang !== undefined) {
    const message =
      'The first line ends in a carriage return, which becomes part of the name of the program; there is no program of that name.';
    return { message, help: 'End the lines with `\\n` alone.', at: 0, length: first.length };
  }
  if (text.trim() === '') return { message: `The script is empty; ${start}`, help, at: 0, length: 1 };
  const late = /^[\s\ufeff]+(#![^\n]*)/.exec(text);
  if (late?.[1] !== undefined) {
    const message = '`#!` must be the first two characters of the script; here something stands in front.';
    return { message, help: 'Move it to the beginning.', at: late[0].length - late[1].length, length: late[1].length };
  }
  const at = text.search(/\S/);
  const [line = ''] = text.slice(at).split('\n', 1);
  const message = `The script does not say which program reads it; ${start}`;
  return { message, help, at, length: line.length };
}

function hasNoEntrypoint(view: LintedRun): boolean {
  return view.run['container-entrypoint'] === '' || WITHOUT_ENTRYPOINT.has(officialName(view) ?? '');
}
