import * as Args from '@oclif/core/args';
import { notWritten, UsageError, writeNamed } from '../../lib/index.js';
import { type GottenRundef, getRundef, readGivenValues } from '../../simulator/index.js';
import { askHidden, canAsk, printMessage } from '../../terminal/index.js';
import { BaseCommand } from '../shared/base-command.js';
import { option, readServerFlags, SECRET_FLAGS, SERVER_FLAGS, toggle } from '../shared/flags.js';

export default class RundefGet extends BaseCommand {
  static override summary = 'Get the run definition of a run from its server.';
  static override description =
    'URL is any address of the run: its own, that of its console, its .rundef.json or .simulate.sh, or its page in the front end. The server hides the values of secrets ("TODO"): the values that you give replace them, and --ask asks for the rest. The hidden secrets and their purposes are listed on standard error.';
  static override examples = [
    {
      description: 'As the server shows it',
      command: '<%= config.bin %> rundef get https://ci.example.org/projects/acme/blinky/builds/7/runs/build/',
    },
    {
      description: 'To a file that can be simulated later, with its secrets',
      command:
        '<%= config.bin %> rundef get https://ci.example.org/projects/acme/blinky/builds/7/runs/build/ --ask --output build.json',
    },
  ];
  static override enableJsonFlag = true;
  static override args = {
    url: Args.string({ required: true, ignoreStdin: true, description: 'an address of the run' }),
  };
  static override flags = {
    ...SECRET_FLAGS,
    ask: toggle('Input', 'ask for the secrets that the server hides'),
    ...SERVER_FLAGS,
    output: option('Output', 'FILE', 'write it to this file, readable for you alone', 'o'),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RundefGet);
    if (flags.ask && !canAsk())
      throw new UsageError(
        '--ask needs a terminal, and standard input or standard error is not one. Use --secret NAME=VALUE instead.',
      );
    const { secrets } = await readGivenValues({ secret: flags.secret, 'secret-file': flags['secret-file'] });
    const gotten = await getRundef(args.url, {
      access: readServerFlags(flags),
      secrets,
      ask: flags.ask ? askHidden : undefined,
    });
    printNotes(gotten);
    if (flags.output !== undefined) await write(flags.output, gotten.rundef);
    else if (!this.jsonEnabled()) this.logJson(gotten.rundef);
    const { address, hidden, rundef } = gotten;
    return { version: 1, runs: [{ url: address, run: gotten.run, runDefinition: rundef, hiddenSecrets: hidden }] };
  }
}

function printNotes({ notes, hidden }: GottenRundef): void {
  for (const note of notes) printMessage(`Note: ${note}`);
  if (hidden.length === 0) return;
  const list = hidden.map(({ name, purpose }) => `\n  ${name}: for ${purpose}`).join('');
  printMessage(
    `Note: the server hides the value of ${hidden.length > 1 ? 'these secrets' : 'this secret'}, so "TODO" is in its place. Name a value with --secret NAME=VALUE, or be asked with --ask.${list}`,
  );
}

async function write(path: string, rundef: unknown): Promise<void> {
  try {
    await writeNamed(path, `${JSON.stringify(rundef, null, 2)}\n`);
  } catch (error) {
    throw notWritten('The run definition', path, error, 'Name another file with --output.');
  }
}
