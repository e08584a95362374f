import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Rule } from '../rule.js';

/** Rules about the comments that silence others. What they find is known when all others have looked: see `quiet.ts`. */

const RUN = `      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
`;

export const unknownIgnore: Rule = {
  id: 'unknown-ignore',
  severity: 'warning',
  server: 'accepts',
  summary: 'A `# jobserv: ignore[…]` comment names no rule that there is.',
  explain: {
    why: 'Such a comment silences the rules that it names, on its own line or, where it stands alone, on the next. One that names no rule, or a misspelt one, silences nothing, so that the finding that it was written for comes back. The server never sees comments.',
    bad: `${ONE_RUN}${RUN}${SCRIPTS}  # jobserv: ignore[unused-script, kept] people run it by hand
  clean: |
    #!/bin/sh -e
    make clean
`,
    good: `${ONE_RUN}${RUN}${SCRIPTS}  # jobserv: ignore[unused-script] people run it by hand
  clean: |
    #!/bin/sh -e
    make clean
`,
  },
  check: () => [],
};

export const unusedIgnore: Rule = {
  id: 'unused-ignore',
  severity: 'info',
  server: 'accepts',
  summary: 'A `# jobserv: ignore[…]` comment silences nothing.',
  explain: {
    why: 'What the comment was written for has been mended since, or stands on another line. Left where it is, it would hide the next mistake of that kind. The server never sees comments.',
    bad: `${ONE_RUN}      # jobserv: ignore[missing-host-tag]
${RUN}${SCRIPTS}`,
    good: `${ONE_RUN}${RUN}${SCRIPTS}`,
  },
  check: () => [],
};
