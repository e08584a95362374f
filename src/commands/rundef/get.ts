import { writeFile } from 'node:fs/promises';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { UsageError } from '../../lib/errors.js';
import { type GottenRundef, getRundef } from '../../simulator/plan/get-rundef.js';
import { askHidden, canAsk } from '../../terminal/prompts.js';
import { BaseCommand } from '../shared/base-command.js';
import { RUN_FLAGS, readRunFlags } from '../shared/run-flags.js';
import { readServerFlags, SERVER_FLAGS } from '../shared/server-flags.js';

export default class RundefGet extends BaseCommand {
  static override summary = 'Get the run definition of a run from its server.';
  static override description =
    'URL is any address of the run: its own, that of its console, its .rundef.json or .simulate.sh, or its page in the front end. A server hides the values of secrets ("TODO"): those given here take their place, and --ask asks for the rest. Which are hidden, and what each is for, is told on stderr.';
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
    secret: RUN_FLAGS.secret,
    'secret-file': RUN_FLAGS['secret-file'],
    ask: Flags.boolean({ description: 'ask for the secrets that the server hides' }),
    output: Flags.string({ char: 'o', description: 'file to write, for you alone to read', helpValue: 'FILE' }),
    ...SERVER_FLAGS,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RundefGet);
    if (flags.ask && !canAsk())
      throw new UsageError('--ask asks on a terminal, and there is none. Give -s NAME=VALUE.');
    const { secrets } = await readRunFlags({ secret: flags.secret, 'secret-file': flags['secret-file'] });
    const gotten = await getRundef(args.url, {
      access: readServerFlags(flags),
      secrets,
      ask: flags.ask ? askHidden : undefined,
    });
    tellNotes(gotten);
    if (flags.output !== undefined) await write(flags.output, gotten.rundef);
    else if (!this.jsonEnabled()) this.logJson(gotten.rundef);
    const { address, hidden, rundef } = gotten;
    return { version: 1, runs: [{ url: address, run: gotten.run, runDefinition: rundef, hiddenSecrets: hidden }] };
  }
}

function tellNotes({ notes, hidden }: GottenRundef): void {
  for (const note of notes) process.stderr.write(`Note: ${note}\n`);
  if (hidden.length === 0) return;
  const list = hidden.map(({ name, purpose }) => `  ${name}: for ${purpose}\n`).join('');
  process.stderr.write(
    `Note: the server does not show the value of ${hidden.length > 1 ? 'these secrets' : 'this secret'}; "TODO" stands there. Give each with -s NAME=VALUE, or ask for them with --ask.\n${list}`,
  );
}

async function write(path: string, rundef: unknown): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(rundef, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`The run definition cannot be written to ${path}: ${(error as Error).message}.`);
  }
}
