import { parseImageName } from '../../schema/image-reference.js';
import { asText } from '../../schema/values.js';
import type { CheckContext, RunView } from '../context.js';
import { ONE_RUN } from '../example-parts.js';
import type { Finding, Rule } from '../rule.js';
import { type RunScript, runScripts } from '../run-scripts.js';
import { placeInScalar } from '../scalar-place.js';
import { isShell, parseShebang } from '../shell/shebang.js';

/** Rules about how a script is started. */

const RUN = `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
scripts:
`;

/** Official images whose entrypoint is empty, so that the script itself is what is started. */
const WITHOUT_ENTRYPOINT = new Set(
  'alpine debian ubuntu fedora busybox archlinux almalinux rockylinux buildpack-deps gcc golang rust python ruby perl'.split(
    ' ',
  ),
);

/** Programs that these official images do not have. */
const BARE = new Set(['alpine', 'busybox']);
const NOT_IN_BARE = /^(?:bash|dash|zsh|python[23]?|perl|ruby|node)$/;

/*
 * simple.py `create_script` writes the text to an executable file, and `docker_run` starts that. Without `#!` the kernel
 * does not know what to do: "exec format error", measured with an image without entrypoint. An entrypoint that is a
 * shell, or ends in a shell's `exec "$@"`, runs it all the same.
 */
export const missingShebang: Rule = {
  id: 'missing-shebang',
  severity: 'warning',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A script that does not begin with `#!` and the program that reads it.',
  explain: {
    why: 'The worker writes the script to a file and starts that file in the container. Its very first characters must be `#!` and the path of a program: without them the kernel refuses to start it, unless the image has an entrypoint that reads scripts. A blank line, or a blank, in front is enough to spoil it.',
    bad: `${RUN}  build: |
    make all
`,
    good: `${RUN}  build: |
    #!/bin/sh -e
    make all
`,
  },
  *check(context) {
    for (const script of runScripts(context)) {
      const runs = startedDirectly(script);
      const fault = runs.length > 0 ? shebangFault(script.text) : undefined;
      if (fault === undefined) continue;
      const sure = runs.some(hasNoEntrypoint);
      const { path, text } = script;
      const range = text === '' ? undefined : placeInScalar(context, path, text, fault.at, fault.at + fault.length);
      yield {
        path,
        ...(range && { range }),
        message: fault.message,
        help: fault.help,
        ...(sure && { severity: 'error' as const }),
      };
    }
  },
};

interface ShebangFault {
  message: string;
  help: string;
  at: number;
  length: number;
}

function shebangFault(text: string): ShebangFault | undefined {
  const shebang = parseShebang(text);
  const [first = ''] = text.split('\n', 1);
  if (shebang !== undefined && !first.endsWith('\r')) return undefined;
  const help = 'Begin it with a line such as `#!/bin/sh -e`.';
  if (shebang !== undefined) {
    const message =
      'The first line ends in a carriage return, which is taken for a part of it; nothing is found by that name.';
    return { message, help: 'End the lines with `\\n` alone.', at: 0, length: first.length };
  }
  if (text.trim() === '')
    return { message: 'The script is empty; the container cannot start it.', help, at: 0, length: 1 };
  const late = /^[\s\ufeff]+(#![^\n]*)/.exec(text);
  if (late?.[1] !== undefined) {
    const message = '`#!` must be the first two characters of the script; here something stands in front.';
    return { message, help: 'Move it to the beginning.', at: late[0].length - late[1].length, length: late[1].length };
  }
  const at = text.search(/\S/);
  const [line = ''] = text.slice(at).split('\n', 1);
  const message = 'The script does not say what reads it; the container cannot start it.';
  return { message, help, at, length: line.length };
}

/** An entrypoint of the run's own gets the script as an argument, and may be what reads it. */
function startedDirectly({ runs }: RunScript): RunView[] {
  return runs.filter(({ run }) => !run['container-entrypoint']);
}

function hasNoEntrypoint({ run }: RunView): boolean {
  return run['container-entrypoint'] === '' || WITHOUT_ENTRYPOINT.has(officialName(run) ?? '');
}

/** `alpine` for the official image of that name, whatever its tag. */
function officialName(run: RunView['run']): string | undefined {
  const image = parseImageName(asText(run['container']) ?? '');
  return image?.registry === 'docker.io' ? image.path.replace(/^library\//, '') : undefined;
}

/*
 * Folding puts the lines of a paragraph into one: all of the script is then a part of the `#!` line, and the kernel
 * gives it to the shell as one argument: "illegal option". Measured with busybox.
 */
export const foldedScript: Rule = {
  id: 'folded-script',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A script that YAML folds into one line.',
  explain: {
    why: 'After `>`, in quotes, and without either, YAML joins the lines of a text with blanks. The commands of a script then all stand behind the `#!`, as options of the shell, which refuses them. A script needs `|`, which keeps its lines.',
    bad: `${RUN}  build: >
    #!/bin/sh -e
    make all
`,
    good: `${RUN}  build: |
    #!/bin/sh -e
    make all
`,
  },
  *check(context) {
    for (const { path, text } of runScripts(context)) {
      const joined = joinedLine(context, path, text);
      if (joined) yield { path, ...joined };
    }
  },
};

function joinedLine({ document }: CheckContext, path: string, text: string): Omit<Finding, 'path'> | undefined {
  const layout = document.layout(path);
  const shebang = parseShebang(text);
  if (layout === undefined || layout.style === 'literal' || !shebang || !isShell(shebang)) return undefined;
  const [, written = ''] = /(#![^\r\n]*)/.exec(layout.raw) ?? [];
  const [first = ''] = text.split('\n', 1);
  // Words that only options are: these the shell can do something with.
  const added = first.slice(written.trimEnd().length).trim();
  if (!first.startsWith(written.trimEnd()) || !/^[^-]/.test(added)) return undefined;
  const message =
    'YAML joins the lines of this script: the commands become a part of the `#!` line, and none is executed.';
  const { line, column } = layout.range;
  const mark = layout.style === 'folded' ? { range: { line, column, endLine: line, endColumn: column + 1 } } : {};
  return { message, help: 'Write `|` in front of the script, which keeps its lines.', ...mark };
}

/*
 * "no such file or directory", says the kernel of an interpreter that is not there, as if it were the script.
 */
export const missingInterpreter: Rule = {
  id: 'missing-interpreter',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A script for a program that the image does not have.',
  explain: {
    why: 'The official images `alpine` and `busybox` have a shell, `/bin/sh`, but no Bash, Python, Perl, Ruby or Node. A script that begins with `#!/bin/bash` cannot be started there, and fails with "no such file or directory", which sounds as if the script were missing.',
    bad: `${RUN}  build: |
    #!/bin/bash -e
    make all
`,
    good: `${RUN}  build: |
    #!/bin/sh -e
    make all
`,
  },
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
