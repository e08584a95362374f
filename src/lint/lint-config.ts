/** Reads `.jobserv-lint.yml`: YAML 1.1, as definitions are. */
import { type LoadedYaml, loadYaml, type YamlValue } from '../python/yaml/load.js';
import { asList, asObject, childPath } from '../schema/values.js';
import type { Diagnostic, LintConfig, Range } from './finding.js';
import { RULES } from './rules.js';
import { helpWithChoices } from './suggest.js';

const KEYS = ['rules', 'host-tags', 'secrets'];
const WEIGHTS = ['off', 'info', 'warning', 'error'];

export interface ParsedLintConfig {
  config: LintConfig;
  /** What is wrong with the file, in the order of the text. If there is any, do not use `config`. */
  faults: Diagnostic[];
  document: LoadedYaml;
}

/** A file that holds only comments is an empty configuration. */
export function parseLintConfig(input: string | Uint8Array): ParsedLintConfig {
  const document = loadYaml(input);
  const { problem, value, duplicates } = document;
  const rules = new Map();
  const config: LintConfig = { rules };
  const faults: Diagnostic[] = [];
  const add = (path: string, message: string, range: Range | undefined, help?: string) =>
    faults.push({ ...HEAD, path, message, ...(range ?? START), ...(help !== undefined && { help }) });
  const atValue = (path: string) => document.locate(path)?.value;
  const atKey = (path: string) => document.locate(path)?.key;
  const mapping = (path: string, found: YamlValue | undefined, what: string) => {
    const object = asObject(found);
    if (object === undefined && found !== undefined && found !== null)
      add(path, `${what} is a mapping: \`key: value\`, one a line.`, atValue(path));
    return object ?? {};
  };
  const list = (key: string, found: YamlValue | undefined) => {
    if (found === undefined) return undefined;
    const items = asList(found);
    if (items === undefined) add(`/${key}`, `\`${key}\` is a list: \`${key}: [one, another]\`.`, atValue(`/${key}`));
    for (const [i, item] of (items ?? []).entries()) {
      if (typeof item === 'string' && item !== '') continue;
      const path = `/${key}/${i}`;
      add(path, 'This is not a text in YAML 1.1.', atValue(path), 'Put it in quotes.');
    }
    return items?.filter((item) => typeof item === 'string');
  };

  if (problem !== undefined && problem.stage !== 'empty') {
    add('', problem.message, problem.range, problem.help);
    return { config, faults, document };
  }
  for (const { path, key, range } of duplicates) add(path, `\`${key}\` is here a second time.`, range);
  if (problem !== undefined) return { config, faults, document };
  const root = mapping('', value, 'The file');
  for (const key of Object.keys(root)) {
    if (KEYS.includes(key)) continue;
    add(`/${key}`, `There is no key \`${key}\` here.`, atKey(`/${key}`), helpWithChoices(key, KEYS, 'Keys'));
  }
  const ids = RULES.map(({ id }) => id);
  for (const [id, found] of Object.entries(mapping('/rules', root['rules'], '`rules`'))) {
    const path = childPath('/rules', id);
    // In YAML 1.1 `off` is false.
    const weight = found === false ? 'off' : found;
    if (!ids.includes(id)) add(path, `There is no rule \`${id}\`.`, atKey(path), helpWithChoices(id, ids, 'Rules'));
    else if (typeof weight === 'string' && WEIGHTS.includes(weight)) rules.set(id, weight);
    else {
      const help = helpWithChoices(typeof weight === 'string' ? weight : '', WEIGHTS, 'Weights');
      add(path, 'This is not a weight of a rule.', atValue(path), help);
    }
  }
  const [hostTags, secrets] = [list('host-tags', root['host-tags']), list('secrets', root['secrets'])];
  faults.sort((a, b) => a.line - b.line || a.column - b.column);
  return { config: { rules, ...(hostTags && { hostTags }), ...(secrets && { secrets }) }, faults, document };
}

const HEAD = { rule: 'lint-config', severity: 'error', server: 'accepts' } as const;
const START = { line: 1, column: 1, endLine: 1, endColumn: 1 };

/** The file that holds this configuration. */
export function lintConfigText({ hostTags, secrets }: Pick<LintConfig, 'hostTags' | 'secrets'>): string {
  const list = (key: string, items: readonly string[] = []) =>
    items.length === 0 ? '' : `${key}: [${items.map((item) => JSON.stringify(item)).join(', ')}]\n`;
  return `${list('host-tags', hostTags)}${list('secrets', secrets)}`;
}
