import { dirname } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from './shared/base-command.js';
import { CONFIG_NAMES, configFaults, LintConfigFiles } from './shared/config-files.js';
import { isDefinition, MAX_BYTES } from './shared/definitions.js';
import { shellcheckInBackground } from './shared/validation.js';

export default class LanguageServer extends BaseCommand {
  static override summary = 'Serve an editor with what validate finds, while a definition is typed.';
  static override description =
    'It speaks the Language Server Protocol on stdin and stdout, and is started by the editor: docs/editors.md has the settings of each. It checks open definitions (.jobserv.yml, NAME.jobserv.yml, and other YAML files with timeout and triggers) as validate does, describes rules and keys, completes keys and names, finds and renames scripts and triggers, and repairs. It runs no code of the repository; it reads .jobservrc.yml and .jobserv-lint.yml, and if shellcheck is on PATH, starts it for the scripts.';
  static override examples = [
    { description: 'The command to name in the settings of an editor', command: '<%= config.bin %> language-server' },
  ];
  static override flags = {
    stdio: Flags.boolean({
      description: 'speak on stdin and stdout, which it does anyway: many editors add this flag',
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
