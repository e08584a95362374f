import * as Flags from '@oclif/core/flags';
import { prune } from '../simulator/host-tools/prune.js';
import { renderPruned } from '../terminal/pruned.js';
import { BaseCommand } from './shared/base-command.js';
import { EXIT } from './shared/exit-status.js';

const DAY_MS = 24 * 60 * 60 * 1000;

export default class Prune extends BaseCommand {
  static override summary = 'Remove the containers and workspaces that earlier runs left.';
  static override description =
    'Containers go when the process that made them is dead. Workspaces in the cache folder go when nobody uses them; those that --workspace named stay. Persistent volumes, which make later runs fast, stay unless --volumes is given.';
  static override examples = [
    { description: 'Look first', command: '<%= config.bin %> prune --dry-run' },
    { description: 'Keep what the last week left', command: '<%= config.bin %> prune --older-than 7' },
    { description: 'Everything, caches of the runs too', command: '<%= config.bin %> prune --volumes' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    'dry-run': Flags.boolean({ description: 'only show what would go' }),
    'older-than': Flags.integer({
      description: 'only workspaces that were not used for so many days',
      helpValue: 'DAYS',
      min: 0,
      default: 0,
    }),
    volumes: Flags.boolean({ description: 'the persistent volumes too' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Prune);
    const result = await prune({
      dryRun: Boolean(flags['dry-run']),
      volumes: Boolean(flags.volumes),
      olderThanMs: flags['older-than'] * DAY_MS,
    });
    this.print(renderPruned(result));
    if (result.engineProblem !== undefined) {
      process.stderr.write(`Containers were not looked for. ${result.engineProblem}\n`);
      this.endWith(EXIT.environment);
    }
    return result;
  }
}
