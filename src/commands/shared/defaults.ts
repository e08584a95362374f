/** Reads `.jobservrc.yml` and the user's `config.yml`: defaults of flags, and of the linter. */

import { ConfigText, choiceHelp, type Diagnostic, type LintConfig, readLintConfig } from '../../lint/index.js';
import type { YamlValue } from '../../python/index.js';
import { childPath } from '../../schema/index.js';
import { PULL_POLICIES, type PullPolicy, readMemory } from '../../simulator/index.js';
import { OUTPUTS, type OutputMode } from '../../terminal/index.js';

/** What a file sets; a key that it does not have is absent. */
export interface Defaults {
  /** FROM → TO. */
  image?: Record<string, string>;
  jobs?: number;
  memory?: string;
  output?: OutputMode;
  pull?: PullPolicy;
  /** NAME → absolute path, or one that begins with `~/`. */
  'shared-volume'?: Record<string, string>;
  lint?: LintConfig;
}

/** Whose file it is: one of a repository may come from strangers. */
export type DefaultsOwner = 'repository' | 'user';

export interface ParsedDefaults {
  defaults: Defaults;
  /** What is wrong with the file, in the order of the text. If there is any, do not use `defaults`. */
  faults: Diagnostic[];
  source: string;
}

const KEYS = ['image', 'jobs', 'memory', 'output', 'pull', 'shared-volume', 'lint'];

const SECRET = 'Secrets never stand in this file';
/** Flags that are no defaults, and why not. */
const REFUSED: Record<string, string> = {
  secret: SECRET,
  secrets: SECRET,
  'secret-file': SECRET,
  token: SECRET,
  header: SECRET,
  param: 'Params decide what a run is, so they are given with each command',
  'param-file': 'Params decide what a run is, so they are given with each command',
  workspace: 'Where a run writes to is chosen with each command',
  report: 'Where a command writes to is chosen with each command',
  server: 'Which server is asked is chosen with each command',
  'api-url': 'Which server is asked is chosen with each command',
  upstream: 'What triggered a run is chosen with each command',
  'docker-config': 'Whether scripts see the logins of docker is chosen with each command',
  shell: 'Whether a command waits for a person is chosen with each command',
};

/** @param owner decides what the file may set: one of a repository gives containers no folder of this machine */
export function parseDefaults(input: string | Uint8Array, owner: DefaultsOwner): ParsedDefaults {
  const text = new ConfigText(input, 'defaults');
  const root = text.root() ?? {};
  const defaults: Defaults = {};
  for (const [key, value] of Object.entries(root)) {
    const path = childPath('', key);
    const refusal = REFUSED[key];
    if (refusal !== undefined && Object.hasOwn(REFUSED, key)) {
      text.keyFault(path, `\`${key}\` cannot have a default: ${refusal.charAt(0).toLowerCase()}${refusal.slice(1)}.`);
    } else if (key === 'shared-volume' && owner === 'repository') {
      const help = 'Set it in your own config.yml, or give --shared-volume.';
      const why = 'it would give containers folders of this machine, and the file comes with the repository';
      text.keyFault(path, `A file of a repository may not set \`${key}\`: ${why}.`, help);
    } else if (!KEYS.includes(key)) {
      text.unknownKey('', key, KEYS);
    } else if (value !== null) {
      Object.assign(defaults, { [key]: READERS[key as keyof Defaults](text, path, value) });
    }
  }
  return { defaults, faults: text.sorted(), source: text.document.text };
}

type Reader = (text: ConfigText, path: string, value: YamlValue) => unknown;

const READERS: Record<keyof Defaults, Reader> = {
  image: (text, path, value) => pairs(text, path, value, '`image`'),
  jobs: (text, path, value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    return text.fault(path, 'This is not a number of runs.', 'Write a whole number, at least 1.');
  },
  memory: (text, path, value) => {
    try {
      readMemory(String(value));
      return String(value);
    } catch {
      return text.fault(path, 'This is not an amount of memory of at least 6m.', 'Write, for example, 512m or 2g.');
    }
  },
  output: (text, path, value) => choice(text, path, value, OUTPUTS),
  pull: (text, path, value) => choice(text, path, value, PULL_POLICIES),
  'shared-volume': (text, path, value) => {
    const folders = pairs(text, path, value, '`shared-volume`');
    for (const [name, folder] of Object.entries(folders)) {
      if (/^(\/|~\/)/.test(folder)) continue;
      text.fault(childPath(path, name), 'This is not an absolute path.', 'Begin it with / or ~/.');
    }
    return folders;
  },
  lint: (text, path, value) => readLintConfig(text, path, text.mapping(path, value, '`lint`')),
};

function pairs(text: ConfigText, path: string, value: YamlValue, what: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [name, item] of Object.entries(text.mapping(path, value, what))) {
    const to = text.text(childPath(path, name), item);
    if (to !== undefined) found[name] = to;
  }
  return found;
}

function choice(text: ConfigText, path: string, value: YamlValue, choices: readonly string[]): string | undefined {
  if (typeof value === 'string' && choices.includes(value)) return value;
  const word = typeof value === 'string' ? value : '';
  text.fault(path, `This is none of ${choices.join(', ')}.`, choiceHelp(word, choices, 'Values').help);
  return undefined;
}
