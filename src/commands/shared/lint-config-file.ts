/** Finds and reads the `.jobserv-lint.yml` that a definition is checked with. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { repositoryFolder } from '../../git/repository.js';
import { type LintConfig, NO_CONFIG } from '../../lint/lint-config.js';
import { parseLintConfig } from '../../lint/parse-lint-config.js';
import { readFound } from './definition-files.js';
import { UnfitFile } from './rejected-definition.js';

const NAME = '.jobserv-lint.yml';

/**
 * Configurations by the folders they are for; each file is read once. One is looked for in the definition's folder
 * and those above, up to the repository's root. Outside of a repository only folders below the current one, and
 * that one, are looked at, so that nobody else's file counts.
 */
export class LintConfigFiles {
  readonly #cwd: string;
  /** By folder, so that many definitions of one folder cost one look. */
  readonly #byFolder = new Map<string, Promise<LintConfig>>();

  constructor(cwd: string = process.cwd()) {
    this.#cwd = cwd;
  }

  /**
   * What a definition is checked with.
   *
   * @param path as the user wrote it; `<stdin>` counts as a file of the current folder
   * @throws UnfitFile when there is something wrong with the configuration; UsageError when it cannot be read
   */
  of(path: string): Promise<LintConfig> {
    const folder = path === '<stdin>' ? this.#cwd : dirname(resolve(this.#cwd, path));
    const isBelow = !relative(this.#cwd, folder).startsWith('..');
    return this.#ofFolder(folder, repositoryFolder(folder) ?? (isBelow ? this.#cwd : folder));
  }

  #ofFolder(folder: string, top: string): Promise<LintConfig> {
    const config = this.#byFolder.get(folder) ?? this.#find(folder, top);
    this.#byFolder.set(folder, config);
    return config;
  }

  async #find(folder: string, top: string): Promise<LintConfig> {
    const file = join(folder, NAME);
    if (existsSync(file)) return readConfig(file, relative(this.#cwd, file));
    return folder === top || folder === dirname(folder) ? NO_CONFIG : this.#ofFolder(dirname(folder), top);
  }
}

async function readConfig(file: string, shown: string): Promise<LintConfig> {
  const { config, faults, document } = parseLintConfig(await readFound(file, shown));
  if (faults.length === 0) return config;
  throw new UnfitFile(
    `${shown} cannot be understood, so that nothing was checked with it. Mend what is marked, then try again.`,
    { path: shown, source: document.text, diagnostics: faults },
  );
}
