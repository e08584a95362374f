/**
 * Finds the configuration that a definition is checked and simulated with: `.jobservrc.yml` and `.jobserv-lint.yml` in
 * its folder and those above, up to the repository's root, then the user's `config.yml`. Outside of a repository only
 * folders below the current one, and that one, are looked at, so that nobody else's file counts.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { repositoryFolder } from '../../git/index.js';
import { homeFolder, isBelow, ReadError, readBounded, UsageError } from '../../lib/index.js';
import { type Diagnostic, type LintConfig, NO_CONFIG, parseLintConfig } from '../../lint/index.js';
import { type Defaults, type DefaultsOwner, parseDefaults } from './defaults.js';
import { readFound } from './definitions.js';
import { UnfitFile } from './errors.js';

const NAME = '.jobservrc.yml';
const LINT_NAME = '.jobserv-lint.yml';
export const CONFIG_NAMES: readonly string[] = [NAME, LINT_NAME];

/** A file with defaults. */
export interface DefaultsFile {
  /** As it is shown: relative to the current folder, or absolute for the user's own. */
  path: string;
  owner: DefaultsOwner;
  defaults: Defaults;
}

/** What is wrong with the text of a repository's file with configuration; undefined for any other file. */
export function configFaults(path: string, text: string): readonly Diagnostic[] | undefined {
  const name = basename(path);
  if (name === LINT_NAME) return parseLintConfig(text).faults;
  return name === NAME ? parseDefaults(text, 'repository').faults : undefined;
}

/** The configuration of the linter by the folder that it is for; each file is read once. */
export class LintConfigFiles {
  readonly #cwd: string;
  /** By folder, so that many definitions of one folder cost one look. */
  readonly #byFolder = new Map<string, Promise<LintConfig>>();
  #user: Promise<LintConfig> | undefined;

  constructor(cwd: string = process.cwd()) {
    this.#cwd = cwd;
  }

  /**
   * What a definition is checked with: the nearest configuration of the linter.
   *
   * @param path as the user wrote it; `<stdin>` counts as a file of the current folder
   * @throws UnfitFile when there is something wrong with a configuration; UsageError when it cannot be read
   */
  of(path: string): Promise<LintConfig> {
    const { folder, top } = placeOf(path, this.#cwd);
    return this.#ofFolder(folder, top);
  }

  #ofFolder(folder: string, top: string): Promise<LintConfig> {
    const config = this.#byFolder.get(folder) ?? this.#find(folder, top);
    this.#byFolder.set(folder, config);
    return config;
  }

  async #find(folder: string, top: string): Promise<LintConfig> {
    const [own, shared] = [await lintConfigIn(folder, this.#cwd), await defaultsIn(folder, this.#cwd)];
    if (own !== undefined && shared?.defaults.lint !== undefined) {
      throw new UsageError(
        `${shared.path} has \`lint\`, and there is a ${LINT_NAME} in the same folder. Keep one of the two.`,
      );
    }
    const here = own ?? shared?.defaults.lint;
    if (here !== undefined) return here;
    if (folder !== top && folder !== dirname(folder)) return this.#ofFolder(dirname(folder), top);
    this.#user ??= usersDefaults().then((file) => file?.defaults.lint ?? NO_CONFIG);
    return this.#user;
  }
}

/**
 * The files with defaults for a definition, the nearest first and the user's own last.
 *
 * @param definition its path, `<stdin>`, or undefined where the runs come from no definition: then only the user's counts
 * @throws UnfitFile when there is something wrong with one; UsageError when it cannot be read
 */
export async function defaultsFiles(
  definition: string | undefined,
  cwd: string = process.cwd(),
): Promise<DefaultsFile[]> {
  const files: (DefaultsFile | undefined)[] = [];
  if (definition !== undefined) {
    const { folder, top } = placeOf(definition, cwd);
    for (let place = folder; ; place = dirname(place)) {
      files.push(await defaultsIn(place, cwd));
      if (place === top || place === dirname(place)) break;
    }
  }
  files.push(await usersDefaults());
  return files.filter((file) => file !== undefined);
}

/** `~/.config/jobserv/config.yml`, or below XDG_CONFIG_HOME. */
export function userConfigFile(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CONFIG_HOME'];
  return join(base?.startsWith('/') ? base : join(homeFolder(env), '.config'), 'jobserv', 'config.yml');
}

function placeOf(path: string, cwd: string): { folder: string; top: string } {
  const folder = path === '<stdin>' || path === '-' ? cwd : dirname(resolve(cwd, path));
  return { folder, top: repositoryFolder(folder) ?? (isBelow(folder, cwd) ? cwd : folder) };
}

async function lintConfigIn(folder: string, cwd: string): Promise<LintConfig | undefined> {
  const file = join(folder, LINT_NAME);
  if (!existsSync(file)) return undefined;
  const path = relative(cwd, file);
  const { config, faults, document } = parseLintConfig(await readFound(file, path));
  if (faults.length > 0) throw unfit({ path, source: document.text, diagnostics: faults });
  return config;
}

async function defaultsIn(folder: string, cwd: string): Promise<DefaultsFile | undefined> {
  const file = join(folder, NAME);
  if (!existsSync(file)) return undefined;
  const path = relative(cwd, file);
  return asDefaults(await readFound(file, path), path, 'repository');
}

/** A file that other users could change is refused: it says which folders of this machine containers get. */
async function usersDefaults(): Promise<DefaultsFile | undefined> {
  const path = userConfigFile();
  try {
    return asDefaults(await readBounded(path, { trusted: true }), path, 'user');
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    if (error.reason === 'missing') return undefined;
    throw new UsageError(`${path}, your defaults, cannot be read: ${error.message}.`);
  }
}

function asDefaults(bytes: Buffer, path: string, owner: DefaultsOwner): DefaultsFile {
  const { defaults, faults, source } = parseDefaults(bytes, owner);
  if (faults.length > 0) throw unfit({ path, source, diagnostics: faults });
  return { path, owner, defaults };
}

function unfit(file: ConstructorParameters<typeof UnfitFile>[1]): UnfitFile {
  return new UnfitFile(
    `${file.path} cannot be understood, so nothing was done with it. Correct what is marked, then try again.`,
    file,
  );
}
