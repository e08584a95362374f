import { type Check, diagnose } from '../simulator/index.js';
import { renderCheck, styleFor } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { defaultsCheck } from './shared/choose-defaults.js';
import { definitionAtHand } from './shared/definitions.js';
import { EXIT } from './shared/errors.js';
import { option, toggle } from './shared/flags.js';

export default class Doctor extends BaseCommand {
  static override summary =
    'Check engine, git, configuration and registries, and show how to repair what does not work.';
  static override description =
    'Pulls nothing and changes nothing; with --deep, runs a container and removes it. The images are those that simulate would use for the definition, if there is one. The exit status is 3 when something does not work.';
  static override examples = [
    { description: 'This machine, and the images of ./.jobserv.yml', command: '<%= config.bin %> doctor' },
    {
      description: 'Also run a container, and look whether its files come back',
      command: '<%= config.bin %> doctor --deep',
    },
    { description: 'For a bug report', command: '<%= config.bin %> doctor --json' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    file: option('Input', 'FILE', 'the definition; by default ./.jobserv.yml, if it exists', 'f'),
    deep: toggle(
      'Engine',
      "run a container: does the engine see this machine's files, can a container reach this machine, do its files come back",
    ),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Doctor);
    const style = styleFor(process.stdout);
    const checks: Check[] = [];
    const show = (check: Check) => {
      const { repair, ...finding } = check;
      const isRepeated = checks.some((earlier) => earlier.repair === repair);
      checks.push(check);
      this.print(renderCheck(isRepeated ? finding : check, style));
    };
    const { check, folder, images } = await definitionAtHand(flags.file);
    const defaults = await defaultsCheck(flags.file);
    const used = images.map((image) => defaults.images[image] ?? image);
    const { signal } = new AbortController();
    for await (const one of diagnose({ folder, images: used, deep: flags.deep, signal })) show(one);
    show(check);
    show(defaults.check);
    const healthy = !checks.some(({ state }) => state === 'broken');
    if (!healthy) this.endWith(EXIT.environment);
    return { version: 1, healthy, checks };
  }
}
