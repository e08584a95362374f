import * as Args from '@oclif/core/args';
import { greppingOf } from '../simulator/index.js';
import { renderFoundTests, styleFor } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { loadDefinition } from './shared/definitions.js';
import { EXIT } from './shared/errors.js';
import { RUN_FLAGS, readServerFlags, SERVER_FLAGS } from './shared/flags.js';

export default class CheckTestGrepping extends BaseCommand {
  static override summary = 'Show the tests that the server would read from a console.';
  static override description =
    'RUN names the test-grepping to use: a run of the definition, a rundef file, or the URL of a run on its server. LOG is the console: a file, - for standard input, or the URL of a run; by default the console of RUN if that is a URL, otherwise standard input. The exit status is 1 when the server would fail the run because of these tests, or could not read them.';
  static override examples = [
    {
      description: 'The console of the last simulation',
      command: '<%= config.bin %> check-test-grepping ci/unit-test ~/.cache/jobserv/blinky/ci/unit-test/console.log',
    },
    {
      description: 'Patterns that are not pushed yet, on the console of a real run',
      command:
        '<%= config.bin %> check-test-grepping ci/unit-test https://ci.example.org/projects/acme/blinky/builds/7/runs/unit-test/',
    },
  ];
  static override enableJsonFlag = true;
  static override args = {
    run: Args.string({ required: true, ignoreStdin: true, description: 'the run whose patterns are used' }),
    log: Args.string({ ignoreStdin: true, description: 'the console to read' }),
  };
  static override flags = { file: RUN_FLAGS.file, ...SERVER_FLAGS };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CheckTestGrepping);
    const check = await greppingOf({
      run: args.run,
      log: args.log,
      loadDefinition: () => loadDefinition(flags.file),
      access: readServerFlags(flags),
      stdin: process.stdin,
    });
    const good = check.status === 'PASSED' && check.troubles.length === 0;
    this.endWith(good ? EXIT.passed : EXIT.failed);
    this.print(renderFoundTests(check, styleFor(process.stdout)));
    return check;
  }
}
