/** Which default holds where no flag was given: that of the environment, else of the nearest file that has one. */
import { resolve } from 'node:path';
import { homeFolder, UsageError } from '../../lib/index.js';
import { type Check, PULL_POLICIES, readImages, readPairs, readSize } from '../../simulator/index.js';
import { OUTPUTS } from '../../terminal/index.js';
import { type DefaultsFile, defaultsFiles, userConfigFile } from './config-files.js';
import type { Defaults } from './defaults.js';
import { definitionPath } from './definitions.js';
import { UnfitFile } from './errors.js';

/** Defaults of flags, with the place of each; what comes from flags themselves is not among them. */
export interface ChosenDefaults {
  values: Omit<Defaults, 'lint' | 'image' | 'shared-volume'>;
  images: Record<string, string>;
  sharedVolumes: Record<string, string>;
  /** `jobs`, `image FROM`, `shared-volume NAME` → the file or variable that sets it. */
  origins: Map<string, string>;
}

type Setting = keyof Defaults;
/** All that `simulate` has flags for. */
export const SETTINGS = ['image', 'jobs', 'memory', 'output', 'pull', 'shared-volume'] as const;

/**
 * @param definition its path; undefined where the runs come from no definition, and only the user's own file counts
 * @param settings those that the command has flags for
 * @throws UsageError for a variable or file that cannot be understood
 */
export async function chooseDefaults(
  definition: string | undefined,
  settings: readonly Setting[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ChosenDefaults> {
  const layers = [...environmentLayers(env, settings), ...(await defaultsFiles(definition))];
  const chosen: ChosenDefaults = {
    values: {},
    images: Object.create(null),
    sharedVolumes: Object.create(null),
    origins: new Map(),
  };
  const { values, images, sharedVolumes, origins } = chosen;
  for (const { path, defaults } of layers) {
    for (const setting of settings) {
      const value = defaults[setting];
      if (value === undefined || setting === 'lint') continue;
      if (typeof value === 'object') {
        const isImage = setting === 'image';
        for (const [name, to] of Object.entries(value as Record<string, string>)) {
          if (origins.has(`${setting} ${name}`)) continue;
          origins.set(`${setting} ${name}`, path);
          (isImage ? images : sharedVolumes)[name] = isImage ? to : to.replace(/^~(?=\/)/, () => homeFolder(env));
        }
      } else if (!origins.has(setting)) {
        origins.set(setting, path);
        Object.assign(values, { [setting]: value });
      }
    }
  }
  return chosen;
}

/** One layer for each variable that is set. */
function environmentLayers(
  env: NodeJS.ProcessEnv,
  settings: readonly Setting[],
): Pick<DefaultsFile, 'path' | 'defaults'>[] {
  return settings.flatMap((setting) => {
    const name = `JOBSERV_${setting.toUpperCase().replace('-', '_')}`;
    const text = env[name];
    return setting === 'lint' || !text ? [] : [{ path: name, defaults: { [setting]: VARIABLES[setting](name, text) } }];
  });
}

/** @throws UsageError */
const VARIABLES: Record<Exclude<Setting, 'lint'>, (name: string, text: string) => unknown> = {
  image: (name, text) => readImages(text.split(','), name),
  jobs: (name, text) => {
    if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
    throw new UsageError(`${name}=${text} is no number of runs. Set it to a whole number, at least 1, or unset it.`);
  },
  memory: (name, text) => {
    readSize(name, text, '6m');
    return text;
  },
  output: (name, text) => oneOf(name, text, OUTPUTS),
  pull: (name, text) => oneOf(name, text, PULL_POLICIES),
  'shared-volume': (name, text) => {
    const folders = readPairs(name, 'NAME=PATH', text.split(','));
    return Object.fromEntries(Object.entries(folders).map(([name, path]) => [name, resolve(path)]));
  },
};

function oneOf(name: string, text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw new UsageError(`${name}=${text} is none of ${choices.join(', ')}. Set it to one of them, or unset it.`);
}

/** A line that says which default comes from where; undefined where there is none. */
export function describeDefaults({ values, images, sharedVolumes, origins }: ChosenDefaults): string | undefined {
  const shown = [...origins].map(([key, place]) => {
    const [setting = '', ...rest] = key.split(' ');
    const name = rest.join(' ');
    const value = setting === 'image' ? images[name] : setting === 'shared-volume' ? sharedVolumes[name] : undefined;
    const what =
      value === undefined ? `${setting} ${values[setting as keyof typeof values]}` : `${setting} ${name}=${value}`;
    return `${what} (${place})`;
  });
  return shown.length === 0 ? undefined : shown.join(', ');
}

/** What `doctor` reports: the defaults that `simulate` would have here, and where each comes from; and its images. */
export async function defaultsCheck(
  file: string | undefined,
): Promise<{ check: Check; images: Record<string, string> }> {
  const name = 'defaults';
  try {
    const chosen = await chooseDefaults(definitionPath(file), SETTINGS);
    const found = describeDefaults(chosen) ?? `none (.jobservrc.yml, ${userConfigFile()})`;
    return { check: { name, state: 'works', found }, images: chosen.images };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const place =
      error instanceof UnfitFile ? error.diagnostics.map(({ line, message }) => `Line ${line}: ${message}`) : [];
    const repair = place.length > 0 && { repair: place.join(' ') };
    return { check: { name, state: 'broken', found: error.message, ...repair }, images: Object.create(null) };
  }
}
