import { rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { notWritten, UsageError } from '../lib/index.js';
import { check } from '../lint/index.js';
import { BaseCommand } from './shared/base-command.js';
import { DEFAULT_DEFINITION } from './shared/definitions.js';
import { firstDefinition } from './shared/init/first-definition.js';
import { Folder, lookAt } from './shared/init/project.js';
import { ignoreSecrets, repositoryAt, SECRETS_FILE, type SecretsIgnored } from './shared/init/repository.js';

const HOST_TAGS: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

export default class Init extends BaseCommand {
  static override summary = 'Write a first definition for this repository.';
  static override description =
    "Looks at the repository's remote, its language, and how it is built and tested: npm scripts, Makefile targets, scripts. Writes .jobserv.yml at the top of the repository, has git ignore .jobserv.secrets, and lists what to do next. It asks no questions, and replaces no definition without --force.";
  static override examples = [
    { description: 'In a repository', command: '<%= config.bin %> init' },
    { description: 'Replace the definition', command: '<%= config.bin %> init --force' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    force: Flags.boolean({ description: 'replace an existing definition' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Init);
    const { paths, source } = await repositoryAt(process.cwd());
    const root = paths.toplevel;
    const project = lookAt(new Folder(root));
    const { text, runs } = firstDefinition(project, source, HOST_TAGS[process.arch] ?? 'amd64');
    const findings = check(text).diagnostics;
    if (findings.length > 0) throw new Error(`The definition for ${project.what} has ${findings[0]?.rule}.`);
    const path = relative(process.cwd(), join(root, DEFAULT_DEFINITION)) || DEFAULT_DEFINITION;
    await write(path, text, flags.force);
    const secretsIgnored = await ignoreSecrets(paths);
    const { what: found, container: image } = project;
    this.print(nextSteps({ path, found, container: image, runs, url: source.url, secretsIgnored }));
    const { what, container } = project;
    return { version: 1, path, found: { project: what, ...source }, container, runs, definition: text, secretsIgnored };
  }
}

/** Replaces the entry of the folder, not the target of a link, which may be any file of this machine. */
async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    if (force) await rm(path, { force: true });
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new UsageError(
        `${path} exists already, and was left as it is. Check it with jobserv validate, or replace it with --force.`,
      );
    throw notWritten('The definition', path, error);
  }
}

interface Written {
  path: string;
  found: string;
  container: string;
  runs: readonly string[];
  url: string | undefined;
  secretsIgnored: SecretsIgnored;
}

function nextSteps({ path, found, container, runs, url, secretsIgnored }: Written): string {
  const names = runs.length === 1 ? `the run ${runs[0]}` : `the runs ${runs.join(', ')}`;
  const repository =
    url === undefined ? ['Write the address of your repository as its GIT_URL: git has no remote for it.'] : [];
  const steps = [
    ...repository,
    ...(secretsIgnored === 'no' ? [`Have git ignore ${SECRETS_FILE}: simulate reads secrets from it.`] : []),
    'Read it: is this the container to build in, and do your workers have this host-tag?',
    `Run it here, on your working tree: jobserv simulate ${runs.at(-1)}`,
    'Check it whenever you change it: jobserv validate',
    'Commit it, push it, and configure your project on the server to read it.',
  ];
  const list = steps.map((step, i) => `  ${i + 1}. ${step}`).join('\n');
  const ignored = secretsIgnored === 'added' ? ` Added ${SECRETS_FILE} to .gitignore.` : '';
  return `Found ${found}. Wrote ${path} with ${names} in ${container}.${ignored}\n\nNext:\n${list}\n`;
}
