import * as Flags from '@oclif/core/flags';
import { prune } from '../simulator/index.js';
import { renderPruned } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { EXIT } from './shared/errors.js';
import { warn } from './shared/flags.js';

const DAY_MS = 24 * 60 * 60 * 1000;

export default class Prune extends BaseCommand {
  static override summary = 'Remove containers and workspaces that earlier runs left.';
  static override description =
    'Removes containers whose process is dead, and workspaces in the cache folder that no run uses. Workspaces outside of it, from --workspace, are kept. Persistent volumes, which make later runs fast, are kept without --volumes.';
  static override examples = [
    { description: 'Show what it would remove', command: '<%= config.bin %> prune --dry-run' },
    { description: 'Keep what was used in the last week', command: '<%= config.bin %> prune --older-than 7' },
    { description: 'Everything, the persistent volumes too', command: '<%= config.bin %> prune --volumes' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    'dry-run': Flags.boolean({ description: 'only print what would be removed' }),
    'older-than': Flags.integer({
      description: 'only workspaces that were not used for this many days',
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
      warn(`containers could not be removed. ${result.engineProblem}`);
      this.endWith(EXIT.environment);
    }
    for (const problem of result.problems ?? []) {
      warn(problem);
      this.endWith(EXIT.environment);
    }
    return result;
  }
}
