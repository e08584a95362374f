/** Reads `.jobserv-lint.yml`: YAML 1.1, as definitions are. */

import { type LoadedYaml, loadYaml, type YamlObject, type YamlValue } from '../python/yaml/load.js';
import { asList, asObject, childPath } from '../schema/values.js';
import type { Diagnostic, Severity } from './diagnostic.js';
import { type LintConfig, NO_CONFIG } from './lint-config.js';
import { RULES } from './rules.js';
import { helpWithChoices } from './suggest.js';

const KEYS = ['rules', 'host-tags', 'secrets'];
const WEIGHTS = ['off', 'info', 'warning', 'error'];

export interface ParsedLintConfig {
  config: LintConfig;
  /** What is wrong with the file, in the order of the text. With any, `config` is not to be used. */
  faults: Diagnostic[];
  document: LoadedYaml;
}

/** Reads a configuration; nothing but comments is one that says nothing. */
export function parseLintConfig(input: string | Uint8Array): ParsedLintConfig {
  const document = loadYaml(input);
  const parser = new Parser(document);
  const config = parser.read();
  parser.faults.sort((a, b) => a.line - b.line || a.column - b.column);
  return { config, faults: parser.faults, document };
}

class Parser {
  readonly faults: Diagnostic[] = [];
  readonly #document: LoadedYaml;

  constructor(document: LoadedYaml) {
    this.#document = document;
  }

  read(): LintConfig {
    const { problem, value, duplicates } = this.#document;
    if (problem !== undefined && problem.stage !== 'empty') {
      const { message, range, help } = problem;
      this.faults.push({ ...HEAD, path: '', message, ...range, ...(help !== undefined && { help }) });
      return NO_CONFIG;
    }
    for (const { path, key, range } of duplicates) {
      this.faults.push({ ...HEAD, path, message: `\`${key}\` is here a second time.`, ...range });
    }
    if (problem !== undefined) return NO_CONFIG;
    const root = this.#mapping('', value, 'The file');
    for (const key of Object.keys(root)) {
      if (!KEYS.includes(key)) this.#fault(`/${key}`, `There is no key \`${key}\` here.`, { key, choices: KEYS });
    }
    const [hostTags, secrets] = [this.#texts(root, 'host-tags'), this.#texts(root, 'secrets')];
    return { rules: this.#rules(root), ...(hostTags && { hostTags }), ...(secrets && { secrets }) };
  }

  #rules(root: YamlObject): LintConfig['rules'] {
    const rules = new Map<string, Severity | 'off'>();
    const ids = RULES.map(({ id }) => id);
    for (const [id, value] of Object.entries(this.#mapping('/rules', root['rules'], '`rules`'))) {
      const path = childPath('/rules', id);
      // To YAML 1.1 `off` is false; what else is false is written in other words, and means the same.
      const weight = value === false ? 'off' : value;
      if (!ids.includes(id)) this.#fault(path, `There is no rule \`${id}\`.`, { key: id, choices: ids, at: 'key' });
      else if (isWeight(weight)) rules.set(id, weight);
      else {
        const words = typeof weight === 'string' ? weight : '';
        this.#fault(path, `This is no weight of a rule.`, { key: words, choices: WEIGHTS, what: 'Weights' });
      }
    }
    return rules;
  }

  #texts(root: YamlObject, key: string): string[] | undefined {
    const value = root[key];
    if (value === undefined) return undefined;
    const list = asList(value);
    if (list === undefined) this.#fault(`/${key}`, `\`${key}\` is a list: \`${key}: [one, another]\`.`);
    for (const [i, item] of (list ?? []).entries()) {
      if (typeof item === 'string' && item !== '') continue;
      this.#fault(`/${key}/${i}`, 'This is no text to YAML 1.1.', { help: 'Put it in quotes.' });
    }
    return list?.filter((item) => typeof item === 'string');
  }

  /** A key that nothing follows is a mapping that says nothing. */
  #mapping(path: string, value: YamlValue | undefined, what: string): YamlObject {
    const object = asObject(value);
    if (object === undefined && value !== undefined && value !== null)
      this.#fault(path, `${what} is a mapping: \`key: value\`, one a line.`);
    return object ?? {};
  }

  #fault(
    path: string,
    message: string,
    more: { key?: string; choices?: string[]; at?: 'key'; what?: string; help?: string } = {},
  ): void {
    const place = this.#document.locate(path);
    const unknownKey = more.choices === KEYS || more.at === 'key';
    const range = (unknownKey ? place?.key : undefined) ?? place?.value ?? START;
    const help =
      more.help ?? (more.choices && helpWithChoices(more.key ?? '', more.choices, more.what ?? 'Known here'));
    this.faults.push({ ...HEAD, path, message, ...range, ...(help !== undefined && { help }) });
  }
}

const HEAD = { rule: 'lint-config', severity: 'error', server: 'accepts' } as const;
const START = { line: 1, column: 1, endLine: 1, endColumn: 1 };

function isWeight(value: YamlValue): value is Severity | 'off' {
  return typeof value === 'string' && WEIGHTS.includes(value);
}
