import { forEachChild, type ParsedScript, parse, type SyntaxNode } from 'unbash';
import type { CheckContext } from './context.js';
import type { Diagnostic, Range } from './finding.js';
import { placeInScalar } from './places.js';
import { runScripts } from './runs.js';

/** The first line of a script: which program reads it. */

export interface Shebang {
  /** The program that the kernel starts. */
  path: string;
  /** All that follows it, one argument for the kernel; `''` for none. */
  argument: string;
  /** The program that reads the script, without its folder: `bash`, also after `env`. */
  interpreter: string;
  /** The options that the interpreter gets. */
  options: string[];
}

/** @returns undefined for a text that does not begin with `#!` and a path */
export function parseShebang(script: string): Shebang | undefined {
  const [, path, rest = ''] = /^#![ \t]*([^\s]+)(?:[ \t]+([^\n]*))?/.exec(script) ?? [];
  if (path === undefined) return undefined;
  const argument = rest.trimEnd();
  const words = argument.split(/[ \t]+/).filter((word) => word !== '');
  const name = baseName(path);
  const env = name === 'env' ? words.findIndex((word) => !word.startsWith('-') && !word.includes('=')) : -1;
  const start = name === 'busybox' ? 0 : env;
  const interpreter = start >= 0 && words[start] ? baseName(words[start]) : name;
  const options = words.slice(start + 1).filter((word) => word.startsWith('-'));
  return { path, argument, interpreter, options };
}

export function isShell({ interpreter }: Shebang): boolean {
  return /^(?:sh|bash|dash|ash)$/.test(interpreter);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Why no shell can read a script. `start`, `end`: UTF-16 offsets into it. */
export interface ShellFault {
  message: string;
  start: number;
  end: number;
}

/** Scripts beyond this are not looked at, characters: nobody writes them, and the time goes to other files. */
const LONGEST = 512 * 1024;
/** Likewise with more `<<`: the parser's time grows with the square of the here-documents. */
const MOST_HERE_DOCUMENTS = 2000;

/** The script's syntax, as Bash reads it; what `sh` can read is a part of that. */
function parseShell(script: string): ParsedScript | undefined {
  const isTooMuch = script.length > LONGEST || script.split('<<').length > MOST_HERE_DOCUMENTS;
  return isTooMuch ? undefined : parse(script);
}

/** The first thing that keeps a shell from reading the script to its end, if it ever gets there. */
export function shellFault(script: string): ShellFault | undefined {
  const parsed = parseShell(script);
  const [error] = [...(parsed?.errors ?? [])].sort((a, b) => a.pos - b.pos);
  if (parsed === undefined || error === undefined || error.message.startsWith('maximum ')) return undefined;
  const isBefore = ({ end }: Statement) => end <= error.pos && REST_OF_LINE.test(script.slice(end, error.pos));
  if (parsed.commands.some((statement) => isBefore(statement) && isEnd(statement))) return undefined;
  return faultOf(error.message, error.pos, parsed, script);
}

type Statement = ParsedScript['commands'][number];

/**
 * A shell reads a line, executes it, and reads the next one: the lines after an `exit` may hold anything,
 * what stands on its own line may not.
 */
const REST_OF_LINE = /^[ \t]*(?:;[ \t]*)?(?:#[^\n]*)?\n/;

function isEnd(statement: Statement): boolean {
  const { command, background } = statement;
  if (command.type !== 'Command' || background) return false;
  return command.name?.value === 'exit' || (command.name?.value === 'exec' && command.args.length > 0);
}

const OPENERS: Readonly<Record<string, string>> = {
  'brace group': '{',
  subshell: '(',
  'test group': '(',
};
const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[[': ']]' };
const UNTERMINATED: Readonly<Record<string, string>> = {
  'single quote': 'This quote',
  'double quote': 'This quote',
  'ANSI-C quote': 'This quote',
  backtick: 'This backtick',
  'command substitution': 'This `$(`',
  'process substitution': 'This parenthesis',
  'parameter expansion': 'This `${`',
  'arithmetic expansion': 'This `$((`',
  'arithmetic command': 'This `((`',
  'arithmetic for header': 'This `((`',
  'array subscript': 'This bracket',
  'extended glob': 'This parenthesis',
};

function faultOf(message: string, pos: number, parsed: ParsedScript, script: string): ShellFault {
  const [, closer, what] = /^expected '(.+?)' to close (.+)$/.exec(message) ?? [];
  if (closer !== undefined && what !== undefined) return unclosed(closer, what, pos, parsed, script);
  const [, open = ''] = /^unterminated (.+)$/.exec(message) ?? [];
  if (Object.hasOwn(UNTERMINATED, open)) return at(script, pos, `${UNTERMINATED[open]} is never closed.`);
  const [, token] = /^unexpected token '([\s\S]+)'$/.exec(message) ?? [];
  if (token !== undefined) {
    const wrong = token === 'newline' ? 'The line cannot end here.' : `\`${token}\` cannot stand here.`;
    return at(script, pos, wrong);
  }
  const [, after] = /^expected command after '(.+)'$/.exec(message) ?? [];
  if (after !== undefined) return at(script, pos, `A command is missing after \`${after}\`.`);
  const [, word] = /^expected '(\w+)'/.exec(message) ?? [];
  if (word !== undefined) return at(script, pos, `\`${word}\` is missing here.`);
  if (message === 'expected redirect target') return at(script, pos, 'A file is missing for this redirection.');
  return at(script, pos, `A shell cannot read this: ${message}.`);
}

/** It is noticed where something else comes, at the end above all; what helps is where it began. */
function unclosed(closer: string, what: string, pos: number, parsed: ParsedScript, script: string): ShellFault {
  const opener = Object.hasOwn(OPENERS, what) ? (OPENERS[what] as string) : what.replaceAll("'", '');
  const missing = CLOSERS[opener] ?? closer;
  const start = lastOpen(parsed, script, opener, missing, pos);
  if (start === undefined) return at(script, pos, `\`${missing}\` is missing, for a \`${opener}\` before this.`);
  return {
    message: `This \`${opener}\` is never closed: \`${missing}\` is missing.`,
    start,
    end: start + opener.length,
  };
}

/** The innermost command of this kind that reaches to where its end was missed. */
function lastOpen(
  parsed: ParsedScript,
  script: string,
  opener: string,
  closer: string,
  pos: number,
): number | undefined {
  let found: number | undefined;
  const visit = (node: SyntaxNode) => {
    if (node.pos <= pos && script.startsWith(opener, node.pos) && isCompound(node.type)) {
      const text = script.slice(node.pos, node.end).trimEnd();
      if (!text.endsWith(closer) && (found === undefined || node.pos >= found)) found = node.pos;
    }
    forEachChild(node, visit);
  };
  visit(parsed);
  return found;
}

function isCompound(type: string): boolean {
  return /^(?:If|For|ArithmeticFor|Select|While|Case|Subshell|BraceGroup|TestCommand)$/.test(type);
}

/** With the word, or the signs, that stand there; at the very end with what comes last. */
function at(script: string, pos: number, message: string): ShellFault {
  const last = script.trimEnd().length - 1;
  const start = Math.max(0, Math.min(pos, last));
  const [token = ' '] = /^(?:[\w.-]+|[;&|<>]+|\$[({]*|[^\n])/.exec(script.slice(start, start + 200)) ?? [];
  return { message, start, end: start + token.length };
}

/** Findings of shellcheck, at their places in the definition. */

/** The id of the rule that the findings count to; the rule itself needs a parser, which is not loaded for this. */
export const SHELL_RULE = 'shell-syntax';

/** Lines and columns count from 1; a column counts characters (code points). `end` is exclusive. */
export interface ShellNote extends Range {
  /** As the linter calls it: `SC2086`. */
  code: string;
  message: string;
  /** Where to read more of it. */
  url?: string;
}

/** A linter for scripts. */
export type ShellChecker = (script: string) => readonly ShellNote[];

/** Its findings are those of `shell-syntax`, as warnings; none for a script that no shell can read. */
export function* shellNotes(
  context: CheckContext,
  found: readonly Diagnostic[],
  checker: ShellChecker,
): Generator<Diagnostic> {
  const broken = new Set(found.filter(({ rule }) => rule === SHELL_RULE).map(({ path }) => path));
  for (const { path, text } of runScripts(context)) {
    const shebang = parseShebang(text);
    if (shebang === undefined || !isShell(shebang) || broken.has(path)) continue;
    const lines = text.split('\n');
    for (const note of checker(text)) {
      const start = offsetOf(lines, note.line, note.column);
      const end = offsetOf(lines, note.endLine, note.endColumn);
      const range = placeInScalar(context, path, text, start, end);
      const place = range ?? context.document.locate(path)?.key;
      if (place === undefined) continue;
      const message = `shellcheck: ${note.message} (${note.code})`;
      yield {
        rule: SHELL_RULE,
        severity: 'warning',
        server: 'accepts',
        message: range ? message : `In line ${note.line} of the script: ${message}`,
        path,
        ...place,
        ...(note.url !== undefined && { help: note.url }),
      };
    }
  }
}

/** In UTF-16 code units. */
function offsetOf(lines: readonly string[], line: number, column: number): number {
  let offset = 0;
  for (const before of lines.slice(0, line - 1)) offset += before.length + 1;
  for (const character of (lines[line - 1] ?? '').slice(0, (column - 1) * 2)) {
    if (--column < 1) break;
    offset += character.length;
  }
  return offset;
}
