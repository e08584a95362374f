import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { runScripts } from '../runs.js';
import { isShell, parseShebang, type ShellFault, shellFault } from '../shell.js';
import { joinedLine } from './folded-script.js';

/*
 * The server never looks into a script. A shell does when it gets there, and leaves with status 2: the run is FAILED,
 * with all that was done before. Bash's grammar is the judge, because what is an error to it is one to every `sh`.
 */
export const shellSyntax: RuleCheck = {
  id: 'shell-syntax',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, text } of runScripts(context)) {
      // Another rule reports that a shell would get other lines.
      if (joinedLine(context, path, text)) continue;
      const fault = context.ofText(text, faultIn);
      if (fault === undefined) continue;
      const range = placeInScalar(context, path, text, fault.start, fault.end);
      const line = text.slice(0, fault.start).split('\n').length;
      const message = range ? fault.message : `In line ${line} of the script: ${fault.message}`;
      yield { path, message, range };
    }
  },
};

function faultIn(script: string): ShellFault | undefined {
  const shebang = parseShebang(script);
  return shebang && isShell(shebang) ? shellFault(script) : undefined;
}
