import * as Args from '@oclif/core/args';
import { printable, UsageError } from '../lib/index.js';
import type { ExpandedTrigger } from '../schema/index.js';
import { selectRuns } from '../simulator/index.js';
import { printMessage, renderTable, styleFor } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { loadDefinition } from './shared/definitions.js';
import { option, options, toggle } from './shared/flags.js';

export default class List extends BaseCommand {
  static override summary = 'Show the triggers and runs of a definition, loops expanded.';
  static override examples = [
    { description: 'The runs of this repository', command: '<%= config.bin %> list' },
    {
      description: 'Names for a script',
      command: '<%= config.bin %> list --names',
    },
  ];
  static override enableJsonFlag = true;
  static override args = {
    file: Args.string({
      ignoreStdin: true,
      description: 'the definition, a folder that has one, or - for stdin; by default .jobserv.yml here or above',
    }),
  };
  static override flags = {
    file: option('Input', 'FILE', 'the same as FILE', 'f'),
    names: toggle('Output', 'print the name of each run only, trigger/run, one a line'),
    run: options('Input', 'RUN', 'only these runs: a run, trigger/run, or a glob of either; repeatable'),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(List);
    if (args.file !== undefined && flags.file !== undefined)
      throw new UsageError('FILE and --file both name the definition. Use one of them.');
    const { triggers: all } = await loadDefinition(args.file ?? flags.file);
    const triggers = flags.run === undefined ? all : narrowed(all, flags.run);
    const listed = triggers.map(({ name, type, runs }) => ({
      name,
      type,
      runs: runs.map((run) => ({
        name: run.name,
        container: run.container,
        hostTag: run['host-tag'] ?? null,
        params: run.params ?? {},
        triggers: run.triggers ?? [],
      })),
    }));
    if (flags.names) {
      const names = listed.flatMap(({ name, runs }) => runs.map((run) => printable(`${name}/${run.name}`)));
      this.print(names.map((name) => `${name}\n`).join(''));
    } else if (!this.jsonEnabled()) {
      const rows = listed.flatMap((trigger) =>
        trigger.runs.map((run) => [
          `${trigger.name}/${run.name}`,
          trigger.type,
          run.container,
          run.hostTag ?? '',
          Object.entries(run.params)
            .map(([name, value]) => `${name}=${value}`)
            .join(' '),
        ]),
      );
      if (rows.length > MANY) {
        printMessage(`${rows.length} runs. To list some of them, use --run 'GLOB'; for a program, --json.`);
      }
      this.print(
        renderTable(['RUN', 'TRIGGER TYPE', 'CONTAINER', 'HOST TAG', 'PARAMS'], rows, styleFor(process.stdout)),
      );
    }
    return { version: 1, triggers: listed };
  }
}

/** More runs than this nobody reads. */
const MANY = 2000;

function narrowed(triggers: readonly ExpandedTrigger[], patterns: readonly string[]): ExpandedTrigger[] {
  const selected = new Set(selectRuns(triggers, patterns).map(({ run }) => run));
  const kept = triggers.map((trigger) => ({ ...trigger, runs: trigger.runs.filter((run) => selected.has(run)) }));
  return kept.filter(({ runs }) => runs.length > 0);
}
