import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { UsageError } from '../lib/errors.js';
import { check } from '../lint/check.js';
import { BaseCommand } from './shared/base-command.js';
import { DEFAULT_DEFINITION } from './shared/definition-files.js';
import { firstDefinition } from './shared/init/first-definition.js';
import { Folder } from './shared/init/folder.js';
import { lookAt } from './shared/init/project.js';
import { repositoryAt } from './shared/init/repository.js';

const HOST_TAGS: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

export default class Init extends BaseCommand {
  static override summary = 'Write a first definition for this repository.';
  static override description =
    "Looks at the repository's remote, at its language, and at the ways to build and test it that are there already: npm scripts, Makefile targets, scripts. Writes .jobserv.yml at the top of the repository, and says what to do next. It asks nothing, and replaces nothing without --force.";
  static override examples = [
    { description: 'In a repository', command: '<%= config.bin %> init' },
    { description: 'Begin again', command: '<%= config.bin %> init --force' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    force: Flags.boolean({ description: 'replace a definition that is there' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Init);
    const { root, source } = await repositoryAt(process.cwd());
    const project = lookAt(new Folder(root));
    const { text, runs } = firstDefinition(project, source, HOST_TAGS[process.arch] ?? 'amd64');
    const findings = check(text).diagnostics;
    if (findings.length > 0) throw new Error(`The definition for ${project.what} has ${findings[0]?.rule}.`);
    const path = relative(process.cwd(), join(root, DEFAULT_DEFINITION)) || DEFAULT_DEFINITION;
    await write(path, text, flags.force);
    this.print(nextSteps({ path, found: project.what, container: project.container, runs, url: source.url }));
    const { what, container } = project;
    return { version: 1, path, found: { project: what, ...source }, container, runs, definition: text };
  }
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new UsageError(
        `There is a ${path} already, and it was left as it is. Look at it with jobserv validate; --force replaces it.`,
      );
    throw new UsageError(`${path} cannot be written: ${message}.`);
  }
}

interface Written {
  path: string;
  found: string;
  container: string;
  runs: readonly string[];
  url: string | undefined;
}

function nextSteps({ path, found, container, runs, url }: Written): string {
  const names = runs.length === 1 ? `the run ${runs[0]}` : `the runs ${runs.join(', ')}`;
  const repository = url === undefined ? ['Write the address of your repository as its GIT_URL: none was found.'] : [];
  const steps = [
    ...repository,
    'Look at it: is this the container to build in, and the host-tag one that your workers have?',
    `Run it here, on your tree as it is: jobserv simulate ${runs.at(-1)}`,
    'Check it whenever you change it: jobserv validate',
    'Commit it, push it, and have your project on the server read it.',
  ];
  const list = steps.map((step, i) => `  ${i + 1}. ${step}`).join('\n');
  return `Found ${found}. Wrote ${path} with ${names} in ${container}.\n\nNext:\n${list}\n`;
}
