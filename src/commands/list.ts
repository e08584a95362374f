import * as Args from '@oclif/core/args';
import { styleFor } from '../terminal/style.js';
import { BaseCommand } from './shared/base-command.js';
import { loadDefinition } from './shared/load-definition.js';

export default class List extends BaseCommand {
  static override summary = 'Show the triggers and runs of a definition, loops expanded.';
  static override examples = [
    { description: 'The runs of this repository', command: '<%= config.bin %> list' },
    {
      description: 'Names for a script',
      command: '<%= config.bin %> list --json | jq -r \'.triggers[] | .name + "/" + .runs[].name\'',
    },
  ];
  static override enableJsonFlag = true;
  static override args = {
    file: Args.string({
      ignoreStdin: true,
      description: 'the definition, or - for stdin; .jobserv.yml when none is named',
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(List);
    const { triggers } = await loadDefinition(args.file);
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
    if (!this.jsonEnabled()) {
      const { renderTable } = await import('../terminal/table.js');
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
      this.print(
        renderTable(['RUN', 'TRIGGER TYPE', 'CONTAINER', 'HOST TAG', 'PARAMS'], rows, await styleFor(process.stdout)),
      );
    }
    return { version: 1, triggers: listed };
  }
}
