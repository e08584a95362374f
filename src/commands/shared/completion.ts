/**
 * Completion scripts for bash, zsh and fish: commands and flags are in them, the names of runs come from
 * `jobserv list --names`. A name may come from a stranger's definition: none is expanded by the shell.
 */

export interface CompletedCommand {
  /** `worker loop`. */
  name: string;
  summary: string;
  /** With their dashes. */
  flags: { name: string; summary: string }[];
  /** Whether its arguments name runs. */
  takesRuns: boolean;
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** @param commands sorted; a word before a blank is a topic */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** Topic → its commands. */
function topicsOf(commands: readonly CompletedCommand[]): Map<string, CompletedCommand[]> {
  const topics = new Map<string, CompletedCommand[]>();
  for (const command of commands.filter(({ name }) => name.includes(' '))) {
    const [topic = ''] = command.name.split(' ');
    topics.set(topic, [...(topics.get(topic) ?? []), command]);
  }
  return topics;
}

/** Texts in single quotes of a POSIX shell, of zsh and of fish. */
const quoted = (text: string) => `'${text.replaceAll('\\', '').replaceAll("'", '’')}'`;

const firstWords = (commands: readonly CompletedCommand[]) => [
  ...new Set(commands.map(({ name }) => name.split(' ')[0])),
];

const runCommands = (commands: readonly CompletedCommand[]) =>
  commands
    .filter(({ takesRuns }) => takesRuns)
    .map(({ name }) => `"${name}"`)
    .join('|');

function bash(commands: readonly CompletedCommand[]): string {
  const topics = topicsOf(commands);
  const flags = commands.map(
    ({ name, flags: own }) => `    "${name}") words='${own.map((flag) => flag.name).join(' ')}' ;;`,
  );
  return `# Completion of jobserv for bash. In ~/.bashrc: source <(jobserv autocomplete bash)
_jobserv() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words='' name
  COMPREPLY=()
  case $command in
    ${[...topics.keys()].join('|')})
      if ((COMP_CWORD == 2)); then
        case $command in
${[...topics].map(([topic, own]) => `          ${topic}) words='${own.map(({ name }) => name.split(' ')[1]).join(' ')}' ;;`).join('\n')}
        esac
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
        return
      fi
      command="$command \${COMP_WORDS[2]}"
      ;;
  esac
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${firstWords(commands).join(' ')}' -- "$cur"))
    return
  fi
  if [[ $cur == -* ]]; then
    case $command in
${flags.join('\n')}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  case $command in
    ${runCommands(commands)})
      # Names are compared and quoted as they are: compgen would expand what is in them.
      while IFS= read -r name; do
        if [[ $name == "$cur"* ]]; then printf -v name %q "$name" && COMPREPLY+=("$name"); fi
      done < <(jobserv list --names 2>/dev/null)
      ;;
  esac
}
complete -o default -F _jobserv jobserv
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const topics = topicsOf(commands);
  const described = (entries: { name: string; summary: string }[]) =>
    entries.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(':', ' ')}`)).join(' ');
  const first = firstWords(commands).map((name = '') => ({
    name,
    summary: commands.find((one) => one.name === name)?.summary ?? '',
  }));
  return `#compdef jobserv
# Completion of jobserv for zsh. In ~/.zshrc, after compinit: source <(jobserv autocomplete zsh)
_jobserv() {
  local command=$words[2]
  local -a choices
  if ((CURRENT == 2)); then
    choices=(${described(first)})
    _describe command choices
    return
  fi
  case $command in
    ${[...topics.keys()].join('|')})
      if ((CURRENT == 3)); then
        case $command in
${[...topics].map(([topic, own]) => `          ${topic}) choices=(${described(own.map(({ name, summary }) => ({ name: name.split(' ')[1] ?? '', summary })))}) ;;`).join('\n')}
        esac
        _describe command choices
        return
      fi
      command="$command $words[3]"
      ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    case $command in
${commands.map(({ name, flags }) => `      "${name}") choices=(${described(flags)}) ;;`).join('\n')}
    esac
    _describe -o flag choices
    return
  fi
  case $command in
    ${runCommands(commands)})
      choices=("\${(@f)$(jobserv list --names 2>/dev/null)}")
      compadd -a choices
      ;;
  esac
  _files
}
if [[ $funcstack[1] == _jobserv ]]; then _jobserv "$@"; else compdef _jobserv jobserv; fi
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const topics = topicsOf(commands);
  const lines = [
    '# Completion of jobserv for fish: jobserv autocomplete fish > ~/.config/fish/completions/jobserv.fish',
  ];
  const top = firstWords(commands).map((name = '') => [name, commands.find((one) => one.name === name)?.summary ?? '']);
  for (const [name = '', summary = ''] of top)
    lines.push(`complete -c jobserv -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`);
  for (const [topic, own] of topics) {
    const names = own.map(({ name }) => name.split(' ')[1]);
    const when = `'__fish_seen_subcommand_from ${topic}; and not __fish_seen_subcommand_from ${names.join(' ')}'`;
    for (const { name, summary } of own)
      lines.push(`complete -c jobserv -n ${when} -f -a ${name.split(' ')[1]} -d ${quoted(summary)}`);
  }
  for (const { name, flags, takesRuns } of commands) {
    const when = `'${name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')}'`;
    for (const flag of flags)
      lines.push(`complete -c jobserv -n ${when} -l ${flag.name.slice(2)} -d ${quoted(flag.summary)}`);
    if (takesRuns) lines.push(`complete -c jobserv -n ${when} -a '(jobserv list --names 2>/dev/null)'`);
  }
  return `${lines.join('\n')}\n`;
}
