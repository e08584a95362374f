import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { readDefinitions } from '../cli/definition-files.js';
import { EXIT } from '../cli/exit-status.js';
import { check } from '../schema/check.js';
import { styleFor } from '../terminal/style.js';
import { countOf, type FileReport, type Format, writerOf } from '../terminal/validation.js';

export default class Validate extends BaseCommand {
  static override summary = 'Say whether the server would accept a definition, and where it would not.';
  static override description =
    'Names may be files, folders (searched for .jobserv.yml, NAME.jobserv.yml, and other YAML files with timeout and triggers) and - for stdin. The status is 0 when all is well, 1 when there is something to mend, 2 when the server would reject a definition, or a name cannot be read.';
  static override examples = [
    { description: 'The definition of this repository', command: '<%= config.bin %> validate' },
    { description: 'Every definition below two folders', command: '<%= config.bin %> validate ci/ examples/' },
    { description: 'What another program writes', command: 'make-definition | <%= config.bin %> validate -' },
    {
      description: 'One line a finding, for editors',
      command: '<%= config.bin %> validate --format unix .jobserv.yml',
    },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = {
    file: Args.string({
      ignoreStdin: true,
      description: 'files, folders, or - for stdin; .jobserv.yml when none is named',
    }),
  };
  static override flags = {
    format: Flags.option({
      description: 'how findings are shown',
      options: ['pretty', 'unix', 'json'] as const,
      default: 'pretty',
    })(),
    'max-warnings': Flags.integer({
      description: 'fail when there are more warnings than this',
      min: 0,
      helpValue: 'N',
    }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Validate);
    const format: Format = this.jsonEnabled() ? 'json' : flags.format;
    const writer = writerOf(format, await styleFor(process.stdout));
    const files: FileReport[] = [];
    for await (const { path, bytes } of readDefinitions(argv as string[])) {
      const { accepted, diagnostics, document } = check(bytes);
      files.push({ path, accepted, diagnostics });
      process.stdout.write(await writer.file({ path, accepted, diagnostics }, document.text));
    }
    process.stdout.write(writer.end(files));
    const { errors, warnings } = countOf(files);
    if (files.some(({ accepted }) => !accepted)) this.endWith(EXIT.usage);
    else if (errors > 0 || warnings > (flags['max-warnings'] ?? Infinity)) this.endWith(EXIT.failed);
    return undefined;
  }
}
