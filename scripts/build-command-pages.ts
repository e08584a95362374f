/**
 * docs/commands.md and man/jobserv.1, from the commands themselves: the same words as `--help`. Part of `npm run docs`; a
 * test says when they are stale.
 */
import { readFileSync } from 'node:fs';
import type { Command } from '@oclif/core';
import { COMMANDS } from '../src/commands/index.js';
import { EXIT } from '../src/commands/shared/errors.js';

interface Example {
  description?: string;
  command: string;
}

interface Page {
  name: string;
  usage: string;
  summary: string;
  description: string;
  args: { name: string; description: string }[];
  flags: { words: string; description: string; group: string }[];
  examples: Example[];
}

const { version, description: about } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Oclif's own commands have no texts of ours. */
const OWN = new Set(['help', 'version']);
const STATUSES: [status: number, meaning: string][] = [
  [EXIT.passed, 'passed, or nothing to mend'],
  [EXIT.failed, 'a run failed; for validate, something to mend'],
  [EXIT.usage, 'wrong usage, or a definition that the server would reject'],
  [EXIT.environment, 'engine, registry, git, disk or server cannot be used'],
  [EXIT.inconclusive, 'reproduce cannot say whether it is the same here'],
  [EXIT.interrupted, 'interrupted (143 by SIGTERM)'],
];
const FILES: [path: string, meaning: string][] = [
  ['.jobserv.yml', 'the definition of a project'],
  ['.jobservrc.yml', 'defaults for a repository'],
  ['.jobserv.secrets', 'secrets for simulations, NAME=VALUE a line; never part of a run’s repository'],
  ['~/.config/jobserv/config.yml', 'your own defaults'],
  ['~/.config/jobserv/servers.toml', 'your credentials for servers'],
];

function pages(): Page[] {
  return Object.entries(COMMANDS)
    .filter(([id, command]) => !OWN.has(id) && !command.hidden)
    .map(([id, command]) => pageOf(id, command));
}

function pageOf(id: string, command: Command.Class): Page {
  const name = id.replaceAll(':', ' ');
  const args = Object.entries(command.args ?? {});
  const flags = Object.entries(command.flags ?? {}).filter(([, flag]) => !flag.hidden);
  const words = args.map(([arg, { required }]) => `${required ? arg.toUpperCase() : `[${arg.toUpperCase()}]`}`);
  const repeated = command.strict === false ? '...' : '';
  const json = command.enableJsonFlag
    ? [{ words: '--json', description: 'print the result as JSON', group: 'Output' }]
    : [];
  return {
    name,
    usage: ['jobserv', name, ...words].join(' ') + repeated,
    summary: filled(command.summary ?? ''),
    description: filled(command.description ?? ''),
    args: args.map(([arg, { description = '' }]) => ({ name: arg.toUpperCase(), description: filled(description) })),
    flags: [
      ...flags.map(([flag, spec]) => ({
        words: flagWords(flag, spec as FlagSpec),
        description: filled(spec.summary ?? spec.description ?? ''),
        group: spec.helpGroup ?? 'Flags',
      })),
      ...json,
    ],
    examples: (command.examples ?? []).map((example) =>
      typeof example === 'string'
        ? { command: filled(example) }
        : { description: example.description ?? '', command: filled(example.command) },
    ),
  };
}

interface FlagSpec {
  char?: string;
  type: 'boolean' | 'option';
  allowNo?: boolean;
  helpValue?: string;
  options?: readonly string[];
}

function flagWords(flag: string, { char, type, allowNo, helpValue = 'VALUE', options }: FlagSpec): string {
  const value = type === 'option' ? ` ${options === undefined ? helpValue : options.join('|')}` : '';
  return `${char === undefined ? '' : `-${char}, `}--${allowNo ? '[no-]' : ''}${flag}${value}`;
}

const filled = (text: string): string => text.replaceAll('<%= config.bin %>', 'jobserv');

/** The text of docs/commands.md. */
export function commandsPage(): string {
  const all = pages();
  const anchor = (name: string) => `jobserv-${name.replaceAll(' ', '-')}`;
  const rows = all.map(({ name, summary }) => `| [\`${name}\`](#${anchor(name)}) | ${summary} |`);
  return `# Commands

What \`--help\` says of each command. \`man jobserv\` has it too, where npm has installed the package globally.

<!-- Written by \`npm run docs\` from src/commands: change it there. -->

| command | what it does |
| --- | --- |
${rows.join('\n')}

${all.map(section).join('\n')}`;
}

function section({ name, usage, summary, description, args, flags, examples }: Page): string {
  const groups = [...new Set(flags.map(({ group }) => group))];
  const parts = [`## jobserv ${name}`, summary, `\`\`\`\n${usage}\n\`\`\``];
  if (description !== '') parts.push(description);
  if (args.length > 0) parts.push(args.map((arg) => `- \`${arg.name}\`: ${arg.description}`).join('\n'));
  for (const group of groups) {
    const rows = flags
      .filter((flag) => flag.group === group)
      .map((flag) => `| \`${cell(flag.words)}\` | ${cell(flag.description)} |`);
    parts.push(`| ${group.toLowerCase()} | |\n| --- | --- |\n${rows.join('\n')}`);
  }
  if (examples.length > 0) {
    const lines = examples.map((one) => `${one.description ? `# ${one.description}\n` : ''}${one.command}`);
    parts.push(`\`\`\`sh\n${lines.join('\n\n')}\n\`\`\``);
  }
  return `${parts.join('\n\n')}\n`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The text of man/jobserv.1. */
export function manPage(): string {
  const lines = [
    `.TH JOBSERV 1 "" "jobserv ${version}" "User Commands"`,
    '.SH NAME',
    `jobserv \\- ${roff(about)}`,
    '.SH SYNOPSIS',
    '.B jobserv',
    '.I COMMAND',
    '[ARGUMENTS] [FLAGS]',
    '.SH COMMANDS',
    ...pages().flatMap(manSection),
    '.SH EXIT STATUS',
    ...STATUSES.flatMap(([status, meaning]) => ['.TP', `.B ${status}`, roff(meaning)]),
    '.SH FILES',
    ...FILES.flatMap(([path, meaning]) => ['.TP', `.I ${roff(path)}`, roff(meaning)]),
  ];
  return `${lines.join('\n')}\n`;
}

function manSection({ name, usage, summary, description, args, flags, examples }: Page): string[] {
  return [
    `.SS ${roff(`jobserv ${name}`)}`,
    roff(summary),
    '.PP',
    `.B ${roff(usage)}`,
    ...(description === '' ? [] : ['.PP', roff(description)]),
    ...[...args.map(({ name: words, description: text }) => ({ words, description: text })), ...flags].flatMap(
      (entry) => ['.TP', `.B ${roff(entry.words)}`, roff(entry.description)],
    ),
    ...examples.flatMap((one) => [
      '.PP',
      ...(one.description ? [`${roff(one.description)}:`] : []),
      '.RS',
      '.nf',
      roff(one.command),
      '.fi',
      '.RE',
    ]),
  ];
}

/** Text as roff shows it: no control line, no escape. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
