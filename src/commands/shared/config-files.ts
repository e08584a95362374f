/**
 * Finds the configuration that a definition is checked and simulated with: `.jobservrc.yml` and `.jobserv-lint.yml` in
 * its folder and those above, up to the repository's root, then the user's `config.yml`. Outside of a repository only
 * folders below the current one, and that one, are looked at, so that nobody else's file counts.
 */
import { lstatSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { repositoryFolder } from '../../git/index.js';
import { configFolder, isBelow, ReadError, readBounded, UsageError } from '../../lib/index.js';
import { type Diagnostic, type LintConfig, NO_CONFIG, parseLintConfig } from '../../lint/index.js';
import { type Defaults, type DefaultsOwner, parseDefaults } from './defaults.js';
import { readFound, refuseForeign } from './definitions.js';
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
    return this.#ofFolder(placeOf(path, this.#cwd));
  }

  #ofFolder(place: Place): Promise<LintConfig> {
    const config = this.#byFolder.get(place.folder) ?? this.#find(place);
    this.#byFolder.set(place.folder, config);
    return config;
  }

  async #find(place: Place): Promise<LintConfig> {
    const { folder, top } = place;
    const [own, shared] = [await lintConfigIn(place, this.#cwd), await defaultsIn(place, this.#cwd)];
    if (own !== undefined && shared?.defaults.lint !== undefined) {
      throw new UsageError(
        `${shared.path} has \`lint\`, and there is a ${LINT_NAME} in the same folder. Keep one of the two.`,
      );
    }
    const here = own ?? shared?.defaults.lint;
    if (here !== undefined) return here;
    if (folder !== top && folder !== dirname(folder)) return this.#ofFolder({ ...place, folder: dirname(folder) });
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
    const { folder: first, top, start } = placeOf(definition, cwd);
    for (let folder = first; ; folder = dirname(folder)) {
      files.push(await defaultsIn({ folder, top, start }, cwd));
      if (folder === top || folder === dirname(folder)) break;
    }
  }
  files.push(await usersDefaults());
  return files.filter((file) => file !== undefined);
}

export const userConfigFile = (): string => join(configFolder(), 'config.yml');

interface Place {
  folder: string;
  /** The last folder that is looked at. */
  top: string;
  /** The definition's folder, or the current one when that is deeper. Above it, other users' files are refused. */
  start: string;
}

function placeOf(path: string, cwd: string): Place {
  const folder = path === '<stdin>' || path === '-' ? cwd : dirname(resolve(cwd, path));
  const top = repositoryFolder(folder) ?? (isBelow(folder, cwd) ? cwd : folder);
  return { folder, top, start: isBelow(cwd, folder) ? cwd : folder };
}

async function lintConfigIn(place: Place, cwd: string): Promise<LintConfig | undefined> {
  const found = await readHere(LINT_NAME, place, cwd);
  if (found === undefined) return undefined;
  const { path, bytes } = found;
  const { config, faults, document } = parseLintConfig(bytes);
  if (faults.length > 0) throw unfit({ path, source: document.text, diagnostics: faults });
  return config;
}

async function defaultsIn(place: Place, cwd: string): Promise<DefaultsFile | undefined> {
  const found = await readHere(NAME, place, cwd);
  return found && asDefaults(found.bytes, found.path, 'repository');
}

/** A link is followed only to a file of the same name. */
async function readHere(
  name: string,
  { folder, start }: Place,
  cwd: string,
): Promise<{ path: string; bytes: Buffer } | undefined> {
  const file = join(folder, name);
  // The link itself counts: one that leads nowhere, or to itself, would else be no file and its defaults lost in silence.
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
  refuseForeign(file, start);
  const path = relative(cwd, file);
  return { path, bytes: await readFound(file, path, (target) => basename(target) === name) };
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
