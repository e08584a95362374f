/** What `explain` shows. */
import stringWidth from 'string-width';
import { check, lintConfigText, type Rule } from '../lint/index.js';
import { renderDiagnostics } from './diagnostics.js';
import { renderTable, type Style } from './style.js';

const WIDTH = 88;
const COLOUR = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** What the live server does with a definition that has it, after "The server". */
const SERVER: Record<Rule['server'], string> = {
  rejects: 'rejects such a definition',
  fails: 'accepts such a definition, and the build or run fails',
  misbehaves: 'accepts such a definition without a warning, and does something else',
  accepts: 'accepts such a definition, and does what it says',
};

/** One rule: what it catches, why, an example that has it as `validate` shows it, and its repair. */
export function renderExplanation({ id, severity, server, summary, explain }: Rule, style: Style): string {
  const config = { rules: new Map(), ...explain.config };
  const { diagnostics, document } = check(explain.bad, config);
  return [
    `${style.bold(id)}: ${style[COLOUR[severity]](severity)}`,
    '',
    wrap(summary),
    '',
    wrap(explain.why),
    '',
    wrap(`The server ${SERVER[server]}.`),
    '',
    ...(explain.config
      ? [style.bold('With this .jobserv-lint.yml:'), '', indent(lintConfigText(explain.config)), '']
      : []),
    style.bold('Fails:'),
    '',
    indent(explain.bad),
    '',
    indent(renderDiagnostics('example.yml', document.text, diagnostics, style)),
    '',
    style.bold('Repaired:'),
    '',
    indent(explain.good),
    '',
  ].join('\n');
}

/** A line a rule. */
export function renderRules(rules: readonly Rule[], style: Style): string {
  const rows = rules.map(({ id, severity, server, summary }) => [id, severity, server, summary]);
  return renderTable(['RULE', 'SEVERITY', 'SERVER', 'WHAT IT CATCHES'], rows, style);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, '    ');
}

/** Breaks a paragraph between words. */
function wrap(paragraph: string): string {
  const lines = [''];
  for (const word of paragraph.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (stringWidth(last) + 1 + stringWidth(word) > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}
