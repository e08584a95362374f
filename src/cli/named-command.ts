/**
 * The short way to a command that is named in full. oclif's own way lists all commands and
 * plugins, and asks for a shell and a theme: as long as all the rest of a start. It is taken for
 * help, versions, completion and mistakes.
 */
import { Config } from '@oclif/core/config';
import type { PJSON } from '@oclif/core/interfaces';
import type { BaseCommand } from './base-command.js';

type CommandClass = (new (argv: string[], config: Config) => BaseCommand) & Pick<typeof BaseCommand, 'id' | 'runHere'>;

/** Words that name a command → its module. */
export type CommandTable = Readonly<Record<string, () => Promise<{ default: CommandClass }>>>;

export interface NamedCommand {
  words: string[];
  /** What stands behind the words. */
  argv: string[];
  load: CommandTable[string];
}

/** The command that these arguments ask for; undefined where oclif has to look at them. */
export function namedCommand(args: readonly string[], table: CommandTable): NamedCommand | undefined {
  const [first = '', second = ''] = args;
  const words = [[first, second], [first]].find((some) => Object.hasOwn(table, some.join(' ')));
  const load = table[words?.join(' ') ?? ''];
  if (words === undefined || load === undefined) return undefined;
  const argv = args.slice(words.length);
  const flags = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return flags.includes('--help') ? undefined : { words, argv, load };
}

/** Resolves and rejects as oclif's `run` does. */
export async function runNamed({ words, argv, load }: NamedCommand, options: { root: string; pjson: PJSON }) {
  const { default: command } = await load();
  command.id = words.join(':');
  return command.runHere(argv, new PackageConfig(options));
}

/** What a command asks of its configuration, and no more. */
class PackageConfig extends Config {
  constructor(options: { root: string; pjson: PJSON }) {
    super(options);
    const { pjson, root } = options;
    const { name, version, oclif } = pjson;
    Object.assign(this, { root, pjson, name, version, bin: oclif.bin ?? name });
  }

  /** The package has no hooks but for a command that is not known. */
  override async runHook() {
    return { successes: [], failures: [] };
  }
}
