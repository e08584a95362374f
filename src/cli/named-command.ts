/**
 * The short way to a command that is named in full. oclif's own way lists all commands and
 * plugins, and asks for a shell and a theme: as long as all the rest of a start. It is taken for
 * help, versions, completion and mistakes.
 */
import type { Config } from '@oclif/core/config';
import type { PJSON } from '@oclif/core/interfaces';
import type { BaseCommand } from './base-command.js';

type CommandClass = (new (argv: string[], config: Config) => BaseCommand) & Pick<typeof BaseCommand, 'runHere'>;

/** Words that name a command → its module. */
export type CommandTable = Readonly<Record<string, () => Promise<{ default: CommandClass }>>>;

export interface NamedCommand {
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
  return flags.includes('--help') ? undefined : { argv, load };
}

/** Resolves and rejects as oclif's `run` does. */
export async function runNamed({ argv, load }: NamedCommand, options: { root: string; pjson: PJSON }) {
  const { default: command } = await load();
  return command.runHere(argv, configOf(options));
}

/** What a command asks of its configuration, and no more: nothing is read for it. */
function configOf({ root, pjson }: { root: string; pjson: PJSON }): Config {
  const { name, version, oclif } = pjson;
  const bin = oclif.bin ?? name;
  const scopedEnvVarKey = (key: string) => `${bin}_${key}`.toUpperCase();
  const config: Partial<Config> = {
    ...{ root, pjson, name, version, bin },
    scopedEnvVarKey,
    scopedEnvVarKeys: (key: string) => [scopedEnvVarKey(key)],
    scopedEnvVar: (key: string) => process.env[scopedEnvVarKey(key)],
    // The package has no hooks but for a command that is not known.
    runHook: async () => ({ successes: [], failures: [] }),
  };
  return config as Config;
}
