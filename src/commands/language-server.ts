import { dirname } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { printMessage } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { CONFIG_NAMES, configFaults, LintConfigFiles } from './shared/config-files.js';
import { isDefinition, MAX_BYTES } from './shared/definitions.js';
import { shellcheckInBackground } from './shared/validation.js';

export default class LanguageServer extends BaseCommand {
  static override summary = 'Show what validate finds in an editor, while you type.';
  static override description =
    'The editor starts it and speaks the Language Server Protocol with it, on stdin and stdout: docs/editors.md has the settings of each editor. It checks open definitions (.jobserv.yml, NAME.jobserv.yml, and other YAML files with timeout and triggers) as validate does, describes rules and keys, completes keys and names, finds and renames scripts and triggers, and offers repairs. It runs no code of the repository; it reads .jobservrc.yml and .jobserv-lint.yml, and if shellcheck is on PATH, starts it for the scripts.';
  static override examples = [
    { description: 'The command to name in the settings of an editor', command: '<%= config.bin %> language-server' },
  ];
  static override flags = {
    stdio: Flags.boolean({
      description: 'use stdin and stdout, as without the flag; accepted because many editors add it',
      helpGroup: 'Input',
    }),
    // The library of the protocol reads it itself, and ends the server with the editor.
    clientProcessId: Flags.integer({ hidden: true }),
  };

  async run(): Promise<void> {
    await this.parse(LanguageServer);
    // It is large, and no other command needs it.
    const { serve } = await import('../language-server/index.js');
    serve(process.stdin, process.stdout, {
      version: this.config.version,
      noEditor: () =>
        printMessage(
          'Error: The language server ended: its standard input closed before an editor began to use it. Editors start this command themselves; docs/editors.md has the settings of each.',
        ),
      homepage: this.config.pjson.homepage,
      isDefinition,
      configNames: CONFIG_NAMES,
      configFaults,
      maxLength: MAX_BYTES,
      configOf: (path, root) => new LintConfigFiles(root ?? dirname(path)).of(path),
      shellcheck: shellcheckInBackground(),
    });
    // The protocol's end ends the process.
    await new Promise(() => {});
  }
}
