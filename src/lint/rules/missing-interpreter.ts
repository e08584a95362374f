import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { officialName, runScripts, startedDirectly } from '../runs.js';
import { parseShebang } from '../shell.js';

/** Official images without the programs below. */
const BARE = ['alpine', 'busybox'];
const NOT_IN_BARE = /^(?:bash|dash|zsh|python[23]?|perl|ruby|node)$/;

/* "no such file or directory", says the kernel of an interpreter that is missing, as if it were the script. */
export const missingInterpreter: RuleCheck = {
  id: 'missing-interpreter',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const script of runScripts(context)) {
      const { interpreter = '' } = parseShebang(script.text) ?? {};
      if (!NOT_IN_BARE.test(interpreter)) continue;
      const view = startedDirectly(script).find((run) => BARE.includes(officialName(run) ?? ''));
      if (view === undefined) continue;
      const at = script.text.indexOf(interpreter);
      yield {
        path: script.path,
        range: placeInScalar(context, script.path, script.text, at, at + interpreter.length),
        message: `There is no ${interpreter} in the image \`${view.run.container}\`; the script cannot be started.`,
        help: 'Use `#!/bin/sh`, or an image that has it.',
        related: [{ path: `${view.path}/container`, message: 'the image' }],
      };
    }
  },
};
