import { asText } from '../../schema/values.js';
import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { officialName, runScripts, startedDirectly } from '../run-scripts.js';
import { parseShebang } from '../shell/shebang.js';

/** Programs that these official images do not have. */
const BARE = new Set(['alpine', 'busybox']);

const NOT_IN_BARE = /^(?:bash|dash|zsh|python[23]?|perl|ruby|node)$/;

/*
 * "no such file or directory", says the kernel of an interpreter that is not there, as if it were the script.
 */
export const missingInterpreter: RuleCheck = {
  id: 'missing-interpreter',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const script of runScripts(context)) {
      const shebang = parseShebang(script.text);
      if (shebang === undefined || !NOT_IN_BARE.test(shebang.interpreter)) continue;
      const view = startedDirectly(script).find(({ run }) => BARE.has(officialName(run) ?? ''));
      if (view === undefined) continue;
      const at = script.text.indexOf(shebang.interpreter);
      const range = placeInScalar(context, script.path, script.text, at, at + shebang.interpreter.length);
      yield {
        path: script.path,
        ...(range && { range }),
        message: `There is no ${shebang.interpreter} in the image \`${asText(view.run['container'])}\`; the script cannot be started.`,
        help: 'Take `#!/bin/sh`, or an image that has it.',
        related: [{ path: `${view.path}/container`, message: 'the image' }],
      };
    }
  },
};
