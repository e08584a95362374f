import { check, type Diagnostic, type Range } from '../../../../src/lint/index.js';

/** What the rules say of a definition, short enough to be compared. */

export interface Known {
  hostTags?: readonly string[];
  secrets?: readonly string[];
}

/** @param known what the config file says that there is */
export function findings(text: string, rule?: string, known: Known = {}): Diagnostic[] {
  return check(text, { rules: new Map(), ...known }).diagnostics.filter(
    (diagnostic) => rule === undefined || diagnostic.rule === rule,
  );
}

export function rulesIn(text: string, known?: Known): string[] {
  return findings(text, undefined, known).map(({ rule }) => rule);
}

/** `line:column` of each finding and the text there. */
export function places(text: string, rule?: string, known?: Known): string[] {
  return findings(text, rule, known).map((range) => place(text, range));
}

/** Each finding as `rule line:column text`. */
export function summary(text: string, known?: Known): string[] {
  return findings(text, undefined, known).map((diagnostic) => `${diagnostic.rule} ${place(text, diagnostic)}`);
}

export function place(text: string, { line, column, endLine, endColumn }: Range): string {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n?|\n/);
  const first = lines[line - 1] ?? '';
  return `${line}:${column} ${line === endLine ? first.slice(column - 1, endColumn - 1) : first.slice(column - 1)}`;
}

interface Parts {
  /** Lines of the run, each indented as in a definition. */
  run?: string;
  /** Lines of the trigger, beside name, type and runs. */
  trigger?: string;
  type?: string;
  /** Further triggers. */
  triggers?: string;
  /** Lines at the top. */
  top?: string;
}

/** A definition without a mistake, with something added: `run` and `trigger` come at the end of theirs. */
export function definition({ run = '', trigger = '', type = 'simple', triggers = '', top = '' }: Parts = {}): string {
  return `timeout: 30
${block(top, 0)}triggers:
  - name: main
    type: ${type}
${block(trigger, 4)}    runs:
      - name: build
        container: registry.example.org/sdk:12
        script: build
${block(run.includes('host-tag') ? run : `host-tag: amd64\n${run}`, 8)}${block(triggers, 2)}scripts:
  build: |
    #!/bin/sh -e
    make
`;
}

/** A run with another name, to be listed. */
export function otherRun(name: string, lines = ''): string {
  return `- name: ${name}
  container: registry.example.org/sdk:12
  host-tag: amd64
  script: build
${block(lines, 2)}`;
}

/** A trigger of one run. */
export function otherTrigger(name: string, run: string, lines = '', type = 'simple'): string {
  return `- name: ${name}
  type: ${type}
${block(lines, 2)}  runs:
${block(run, 4)}`;
}

function block(lines: string, indent: number): string {
  const text = lines.replace(/\n$/, '');
  return text === '' ? '' : `${text.replaceAll(/^(?=.)/gm, ' '.repeat(indent))}\n`;
}
