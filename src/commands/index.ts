/** The program as oclif loads it: `oclif` in package.json names this module's exports. */
import { type Command, Help, type Interfaces, settings, toConfiguredId } from '@oclif/core';
// The plugins' commands, by path: their packages export no names for them.
import HelpCommand from '../../node_modules/@oclif/plugin-help/lib/commands/help.js';
import Version from '../../node_modules/@oclif/plugin-version/lib/commands/version.js';
import { UsageError } from '../lib/index.js';
import { nearest } from '../lint/index.js';
import { watchStandardStreams } from '../terminal/index.js';
import Autocomplete from './autocomplete.js';
import CheckTestGrepping from './check-test-grepping.js';
import Doctor from './doctor.js';
import Explain from './explain.js';
import Init from './init.js';
import LanguageServer from './language-server.js';
import List from './list.js';
import Prune from './prune.js';
import Reproduce from './reproduce.js';
import RundefCreate from './rundef/create.js';
import RundefGet from './rundef/get.js';
import Schema from './schema.js';
import { checkOutput, describeError, endWithError } from './shared/errors.js';
import Simulate from './simulate.js';
import Validate from './validate.js';
import WorkerCheck from './worker/check.js';
import WorkerCronwrap from './worker/cronwrap.js';
import WorkerGcVolumes from './worker/gc-volumes.js';
import WorkerLoop from './worker/loop.js';
import WorkerRegister from './worker/register.js';
import WorkerStatus from './worker/status.js';
import WorkerUnregister from './worker/unregister.js';
import WorkerUpload from './worker/upload.js';

export { execute } from '@oclif/core';

// Under NODE_ENV=test and development, oclif would look for TypeScript sources and warn that there are none.
settings.enableAutoTranspile = false;

/** The command of a plugin; its errors are reported as those of our commands are. */
function withOurErrors(PluginCommand: Command.Class): Command.Class {
  return class extends (PluginCommand as typeof HelpCommand) {
    protected override catch(error: Error): Promise<never> {
      return endWithError(error);
    }
  };
}

export const COMMANDS: Record<string, Command.Class> = {
  autocomplete: Autocomplete,
  'check-test-grepping': CheckTestGrepping,
  doctor: Doctor,
  explain: Explain,
  help: withOurErrors(HelpCommand),
  init: Init,
  'language-server': LanguageServer,
  list: List,
  prune: Prune,
  reproduce: Reproduce,
  'rundef:create': RundefCreate,
  'rundef:get': RundefGet,
  schema: Schema,
  simulate: Simulate,
  validate: Validate,
  version: withOurErrors(Version),
  'worker:check': WorkerCheck,
  'worker:cronwrap': WorkerCronwrap,
  'worker:gc-volumes': WorkerGcVolumes,
  'worker:loop': WorkerLoop,
  'worker:register': WorkerRegister,
  'worker:status': WorkerStatus,
  'worker:unregister': WorkerUnregister,
  'worker:upload': WorkerUpload,
};

/** The help of oclif, with the first steps below the root's, and errors that are reported as all others are. */
export class ProgramHelp extends Help {
  override async showHelp(argv: string[]): Promise<void> {
    await super.showHelp(argv).catch((error: Error) => {
      const id = /^Command (\S+) not found\.$/.exec(error.message)?.[1];
      return endWithError(id === undefined ? error : unknownCommand(id, this.config));
    });
  }

  override formatRoot(): string {
    const { bin, pjson } = this.config;
    const steps = [
      ['validate', 'check ./.jobserv.yml'],
      ['simulate', 'choose a run and execute it on your working tree'],
      ['reproduce URL', 'replay a run that failed on the server'],
    ].map(([command, what]) => `$ ${`${bin} ${command}`.padEnd(24)} ${what}`);
    const usage = this.section('USAGE', `$ ${bin} COMMAND`);
    return `${pjson.description}\n\n${usage}\n\n${this.section('FIRST STEPS', steps.join('\n'))}`;
  }
}

export const onInit: Interfaces.Hook.Init = async () => watchStandardStreams();

export const onFinally: Interfaces.Hook<'finally'> = async ({ error }) => {
  if (error === undefined) await checkOutput();
};

/** On a terminal the plugin offers the nearest command; elsewhere one sentence names it. Wrong usage is status 2. */
export const onCommandNotFound: Interfaces.Hook.CommandNotFound = async function (options) {
  const { id, config } = options;
  if (process.stdin.isTTY) {
    // Brings the prompts with it, which are large.
    const { default: notFound } = await import('@oclif/plugin-not-found');
    return notFound.call(this, options).catch((error) => endWithError(new UsageError(describeError(error).message)));
  }
  return endWithError(unknownCommand(id, config));
};

function unknownCommand(id: string, config: Interfaces.Config): UsageError {
  const commands = config.commandIDs.filter((each) => !config.findCommand(each)?.hidden);
  const [word = '', ...rest] = id.split(':');
  // oclif looks for a longer name where the command has no arguments.
  if (commands.includes(word)) {
    const given = rest.map((each) => JSON.stringify(each)).join(', ');
    return new UsageError(`\`${word}\` takes no arguments, and was given ${given}. --help lists its flags.`);
  }
  const byWord = config.findTopic(word) === undefined ? nearest(word, commands) : undefined;
  const meant = nearest(id, commands) ?? byWord;
  const question = meant === undefined ? '' : ` Did you mean \`${toConfiguredId(meant, config)}\`?`;
  const name = meant === byWord && rest.length > 0 ? word : toConfiguredId(id, config);
  return new UsageError(`\`${name}\` is not a command.${question} \`${config.bin} help\` lists the commands.`);
}
