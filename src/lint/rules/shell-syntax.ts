import { ONE_RUN } from '../example-parts.js';
import type { Rule } from '../rule.js';
import { runScripts } from '../run-scripts.js';
import { placeInScalar } from '../scalar-place.js';
import { shellFault } from '../shell/faults.js';
import { isShell, parseShebang } from '../shell/shebang.js';

const RUN = `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
scripts:
`;

/*
 * The server never looks into a script. A shell does when it gets there, and leaves with status 2: the run is FAILED,
 * with all that was done before. Bash's grammar is the judge, because what is an error to it is one to every `sh`.
 */
export const shellSyntax: Rule = {
  id: 'shell-syntax',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A shell script that no shell can read to its end.',
  explain: {
    why: 'A quote, a parenthesis or an `if` that is never closed, or a word where none can stand. The shell notices when it gets there, maybe after an hour, and the run fails. Looked at are scripts that begin with `#!` and sh, bash, dash or ash, whether directly or through env.',
    bad: `${RUN}  build: |
    #!/bin/sh -e
    if test -f Makefile; then
      make all
`,
    good: `${RUN}  build: |
    #!/bin/sh -e
    if test -f Makefile; then
      make all
    fi
`,
  },
  *check(context) {
    for (const { path, text } of runScripts(context)) {
      const shebang = parseShebang(text);
      const fault = shebang && isShell(shebang) ? shellFault(text) : undefined;
      if (fault === undefined) continue;
      const range = placeInScalar(context, path, text, fault.start, fault.end);
      const line = text.slice(0, fault.start).split('\n').length;
      const message = range ? fault.message : `In line ${line} of the script: ${fault.message}`;
      yield { path, message, ...(range && { range }) };
    }
  },
};
