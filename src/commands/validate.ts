import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { UsageError } from '../lib/index.js';
import { check, type Diagnostic, type Severity, type ShellChecker } from '../lint/index.js';
import { openServers } from '../simulator/index.js';
import { type FileReport, FORMATS, type Format, outputOf, styleFor, Totals, writerOf } from '../terminal/index.js';
import { BaseCommand } from './shared/base-command.js';
import { LintConfigFiles } from './shared/config-files.js';
import { type DefinitionFile, readDefinitions } from './shared/definitions.js';
import { describeError, EXIT, endWithError, reasonOf } from './shared/errors.js';
import { option, options, readServerFlags, SERVER_FLAGS, toggle, warn } from './shared/flags.js';
import { askServer, fixDefinition, shellcheckOnPath } from './shared/validation.js';

/** In the order of their weight. */
const SEVERITIES = ['error', 'warning', 'info'] as const;

interface Wanted {
  fix: boolean;
  unsafe: boolean;
  dryRun: boolean;
  /** The definition, or its diff, goes to stdout, and the report to stderr. */
  textFirst: boolean;
  shell: ShellChecker;
}

export default class Validate extends BaseCommand {
  static override summary = 'Check whether the server would accept a definition, and show where it would not.';
  static override description =
    'FILE is a file, a folder (searched for .jobserv.yml, NAME.jobserv.yml, and other YAML files with timeout and triggers) or - for stdin. The exit status is 0 without findings, 1 when there is something to fix, and 2 when the server would reject a definition, or a file cannot be read. A comment # jobserv: ignore[RULE] on or above a line silences a rule there. A file .jobserv-lint.yml, or lint in .jobservrc.yml, in the folder of the definition or above it in the repository, sets the severity of rules. If shellcheck is on PATH, it checks the scripts. <%= config.bin %> explain RULE describes a rule.';
  static override examples = [
    { description: 'The definition of this repository', command: '<%= config.bin %> validate' },
    { description: 'Every definition below two folders', command: '<%= config.bin %> validate ci/ examples/' },
    { description: 'See what would be repaired', command: '<%= config.bin %> validate --fix --dry-run' },
    { description: 'Repair it', command: '<%= config.bin %> validate --fix' },
    {
      description: 'See which names it would replace by those that were probably meant',
      command: '<%= config.bin %> validate --fix --unsafe --dry-run',
    },
    { description: 'What another program writes', command: 'make-definition | <%= config.bin %> validate -' },
    {
      description: 'One line a finding, for editors',
      command: '<%= config.bin %> validate --format unix .jobserv.yml',
    },
    {
      description: 'For code scanning, and no warning let through',
      command: '<%= config.bin %> validate --format sarif --max-warnings 0 > jobserv.sarif',
    },
    {
      description: 'Ask a live server too',
      command: '<%= config.bin %> validate --server https://ci.example.org',
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
    file: options('Input', 'FILE', 'the same as FILE; repeatable', 'f'),
    format: Flags.option({
      description: 'the format of the findings; by default pretty, or github if GITHUB_ACTIONS is true',
      helpGroup: 'Output',
      options: FORMATS,
    })(),
    'max-warnings': Flags.integer({
      description: 'fail when there are more warnings than this',
      helpGroup: 'Output',
      helpValue: 'N',
      min: 0,
    }),
    fix: toggle('Output', 'repair what has only one meaning; the repaired text of stdin goes to stdout'),
    unsafe: Flags.boolean({
      description: 'with --fix, also replace a name that does not exist by the one that was probably meant',
      helpGroup: 'Output',
      dependsOn: ['fix'],
    }),
    'min-severity': Flags.option({
      description: 'report and count only findings of this severity or a higher one; what the server rejects, always',
      helpGroup: 'Output',
      options: SEVERITIES,
    })(),
    'dry-run': Flags.boolean({
      description: 'show what --fix would change, and write nothing',
      helpGroup: 'Output',
      dependsOn: ['fix'],
    }),
    server: option('Source', 'URL', 'ask this server too, and report where it disagrees'),
    ...SERVER_FLAGS,
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Validate);
    const names = [...(argv as string[]), ...(flags.file ?? [])];
    const format = this.jsonEnabled() ? 'json' : (flags.format ?? usualFormat());
    const wanted: Wanted = {
      fix: flags.fix,
      unsafe: flags.unsafe,
      dryRun: flags['dry-run'],
      textFirst: format !== 'json' && flags.fix && (flags['dry-run'] || names.includes('-')),
      shell: shellcheckOnPath(warn),
    };
    const stream = wanted.textFirst ? process.stderr : process.stdout;
    const [out, texts] = [outputOf(stream), outputOf(process.stdout)];
    const write = (text: string | Buffer, to = out) => to.write([Buffer.from(text)]);
    const { homepage } = this.config.pjson;
    const tool = { version: this.config.version, ...(homepage && { homepage }) };
    const writer = writerOf(format, styleFor(stream), tool);
    const configs = new LintConfigFiles();
    const http = await clientFor(flags);
    const totals = new Totals();
    totals.unsafe = wanted.unsafe;
    try {
      for await (const file of readDefinitions(names)) {
        const { result, fixed } = await resultOf(file, configs, wanted);
        const { accepted, diagnostics, document } = result;
        const word = http && (await askServer(http, flags.server ?? '', document));
        const report = {
          path: file.path,
          accepted,
          diagnostics: atLeast(diagnostics, flags['min-severity']),
          ...(word && { asked: word }),
          ...(fixed && { fixed }),
        };
        totals.add(report);
        if (wanted.textFirst) await write(textOf(file, report, wanted), texts);
        await write(await writer.file(report, document.text));
        this.#hasBegun = true;
      }
    } catch (error) {
      // The report is completed, so that a program can read it.
      const { message, status } = describeError(error);
      if (this.#hasBegun && (format === 'json' || format === 'sarif'))
        await write(writer.end(totals, { message, status, reason: reasonOf(error) }));
      throw error;
    } finally {
      await http?.close();
    }
    await write(writer.end(totals));
    this.endWith(statusOf(totals, flags['max-warnings'] ?? Infinity));
    return undefined;
  }

  /** A part of the report is written, so no second JSON document may follow. */
  #hasBegun = false;

  protected override catch(error: Error): Promise<never> {
    return this.#hasBegun ? endWithError(error) : super.catch(error);
  }
}

/** The findings of a severity or a higher one, and what makes the server reject a definition. */
function atLeast(diagnostics: readonly Diagnostic[], least: Severity = 'info'): readonly Diagnostic[] {
  const last = SEVERITIES.indexOf(least);
  return diagnostics.filter(({ severity, server }) => server === 'rejects' || SEVERITIES.indexOf(severity) <= last);
}

async function resultOf(file: DefinitionFile, configs: LintConfigFiles, wanted: Wanted) {
  const config = await configs.of(file.path);
  if (!wanted.fix) return { result: check(file.bytes, config, wanted.shell), fixed: undefined };
  return fixDefinition(file, config, wanted);
}

/** What `--fix` writes to stdout: with --dry-run the difference, otherwise the whole definition from stdin. */
function textOf({ path, bytes }: DefinitionFile, { fixed }: FileReport, { dryRun }: Wanted): string | Buffer {
  if (dryRun) return fixed?.diff ?? '';
  if (path !== '<stdin>') return '';
  return fixed?.repairs ? (fixed.text ?? '') : bytes;
}

async function clientFor({
  server,
  ...flags
}: { server?: string | undefined } & Parameters<typeof readServerFlags>[0]) {
  if (server !== undefined) return (await openServers([server], readServerFlags(flags))).http;
  if (flags.token === undefined && flags.header === undefined) return undefined;
  throw new UsageError('--token and --header are for a server: name it with --server URL, or leave them out.');
}

function usualFormat(): Format {
  return process.env['GITHUB_ACTIONS'] === 'true' ? 'github' : 'pretty';
}

function statusOf(totals: Totals, maxWarnings: number): number {
  if (totals.rejected > 0 || totals.rejectedThere > 0) return EXIT.usage;
  return totals.errors > 0 || totals.disagreeing > 0 || totals.warnings > maxWarnings ? EXIT.failed : EXIT.passed;
}
