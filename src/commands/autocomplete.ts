import * as Args from '@oclif/core/args';
import type { Command } from '@oclif/core/command';
import { BaseCommand } from './shared/base-command.js';
import { type CompletedCommand, completionScript, SHELLS, type Shell } from './shared/completion.js';

/** Their arguments are runs of the definition. */
const TAKES_RUNS = new Set(['simulate', 'rundef create', 'check-test-grepping']);

export default class Autocomplete extends BaseCommand {
  static override summary = 'Print a completion script for bash, zsh or fish: commands, flags, and names of runs.';
  static override examples = [
    { description: 'bash', command: "echo 'source <(<%= config.bin %> autocomplete bash)' >> ~/.bashrc" },
    { description: 'zsh', command: "echo 'source <(<%= config.bin %> autocomplete zsh)' >> ~/.zshrc" },
    {
      description: 'fish',
      command:
        'mkdir -p ~/.config/fish/completions && <%= config.bin %> autocomplete fish > ~/.config/fish/completions/jobserv.fish',
    },
  ];
  static override args = {
    shell: Args.string({ required: true, ignoreStdin: true, options: [...SHELLS], description: 'your shell' }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Autocomplete);
    const commands = this.config.commands.filter(({ hidden }) => !hidden).map(completed);
    this.print(
      completionScript(
        args.shell as Shell,
        commands.sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    );
  }
}

function completed({ id, summary = '', flags }: Command.Loadable): CompletedCommand {
  const name = id.replaceAll(':', ' ');
  return {
    name,
    summary,
    flags: Object.values(flags)
      .filter(({ hidden }) => !hidden)
      .map((flag) => ({ name: `--${flag.name}`, summary: flag.summary ?? flag.description ?? '' })),
    takesRuns: TAKES_RUNS.has(name),
  };
}
