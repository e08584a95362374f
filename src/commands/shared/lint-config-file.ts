/** Finds and reads the `.jobserv-lint.yml` that a definition is checked with. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { UsageError } from '../../lib/errors.js';
import { type LintConfig, NO_CONFIG } from '../../lint/lint-config.js';

const NAME = '.jobserv-lint.yml';

/**
 * Configurations by the folders they are for; each file is read once. One is looked for in the definition's folder
 * and those above, up to the repository's root. Outside of a repository only folders below the current one, and
 * that one, are looked at, so that nobody else's file counts.
 */
export class LintConfigFiles {
  readonly #cwd: string;
  readonly #known = new Map<string, Promise<LintConfig> | undefined>();

  constructor(cwd: string = process.cwd()) {
    this.#cwd = cwd;
  }

  /**
   * What a definition is checked with.
   *
   * @param path as the user wrote it; `<stdin>` counts as a file of the current folder
   * @throws UnfitFile when there is something wrong with the configuration; UsageError when it cannot be read
   */
  async of(path: string): Promise<LintConfig> {
    const folder = path === '<stdin>' ? this.#cwd : dirname(resolve(this.#cwd, path));
    return (await this.#ofFolder(folder)) ?? NO_CONFIG;
  }

  #ofFolder(folder: string): Promise<LintConfig> | undefined {
    if (this.#known.has(folder)) return this.#known.get(folder);
    const config = this.#find(folder);
    this.#known.set(folder, config);
    return config;
  }

  #find(folder: string): Promise<LintConfig> | undefined {
    const file = join(folder, NAME);
    if (existsSync(file)) return readConfig(file, relative(this.#cwd, file) || NAME);
    const above = dirname(folder);
    const isRoot = above === folder || existsSync(join(folder, '.git'));
    return isRoot || !this.#mayAscend(folder) ? undefined : this.#ofFolder(above);
  }

  #mayAscend(folder: string): boolean {
    const below = relative(this.#cwd, folder);
    return (below !== '' && !below.startsWith('..')) || isInRepository(folder);
  }
}

function isInRepository(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return true;
    if (at === dirname(at)) return false;
  }
}

/** The parser is loaded where there is a file. */
async function readConfig(file: string, shown: string): Promise<LintConfig> {
  const { parseLintConfig } = await import('../../lint/parse-lint-config.js');
  const { config, faults, document } = parseLintConfig(read(file, shown));
  if (faults.length === 0) return config;
  const { UnfitFile } = await import('./rejected-definition.js');
  throw new UnfitFile(
    `${shown} cannot be understood, so that nothing was checked with it. Mend what is marked, then try again.`,
    { path: shown, source: document.text, diagnostics: faults },
  );
}

function read(file: string, shown: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${shown} cannot be read: ${(error as Error).message}.`);
  }
}
