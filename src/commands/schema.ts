import * as Args from '@oclif/core/args';
import definition from '../schema/definition.schema.json' with { type: 'json' };
import rundef from '../schema/rundef.schema.json' with { type: 'json' };
import { BaseCommand } from './shared/base-command.js';

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of definitions or run definitions, for editors.';
  static override examples = [
    {
      description: 'Let an editor complete and check definitions',
      command: '<%= config.bin %> schema > .jobserv.schema.json',
    },
    { description: 'The schema of run definitions (rundefs)', command: '<%= config.bin %> schema rundef' },
  ];
  static override args = {
    document: Args.string({
      description: 'the kind of document',
      options: ['definition', 'rundef'],
      default: 'definition',
      ignoreStdin: true,
    }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Schema);
    this.logJson(args.document === 'rundef' ? rundef : definition);
  }
}
