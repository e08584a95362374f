/** Reads `.jobserv-lint.yml`, and what `.jobservrc.yml` has under `lint`. */
import type { LoadedYaml, YamlObject } from '../python/index.js';
import { childPath } from '../schema/index.js';
import { ConfigText } from './config-text.js';
import type { Diagnostic, LintConfig } from './finding.js';
import { RULES } from './rules.js';
import { choiceHelp } from './suggest.js';

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
  const text = new ConfigText(input, 'lint-config');
  const config = readLintConfig(text, '', text.root() ?? {});
  return { config, faults: text.sorted(), document: text.document };
}

/** @param path of the mapping in the text; its faults are the text's */
export function readLintConfig(text: ConfigText, path: string, object: YamlObject): LintConfig {
  text.checkKeys(path, object, KEYS);
  const rules = new Map();
  const config: LintConfig = { rules };
  const ids = RULES.map(({ id }) => id);
  for (const [id, found] of Object.entries(text.mapping(`${path}/rules`, object['rules'], '`rules`'))) {
    const rule = childPath(`${path}/rules`, id);
    // In YAML 1.1 `off` is false.
    const weight = found === false ? 'off' : found;
    if (!ids.includes(id)) text.keyFault(rule, `There is no rule \`${id}\`.`, choiceHelp(id, ids, 'Rules').help);
    else if (typeof weight === 'string' && WEIGHTS.includes(weight)) rules.set(id, weight);
    else {
      const { help } = choiceHelp(typeof weight === 'string' ? weight : '', WEIGHTS, 'Weights');
      text.fault(rule, 'This is not a weight of a rule.', help);
    }
  }
  const hostTags = text.texts(`${path}/host-tags`, 'host-tags', object['host-tags']);
  const secrets = text.texts(`${path}/secrets`, 'secrets', object['secrets']);
  return { ...config, ...(hostTags && { hostTags }), ...(secrets && { secrets }) };
}

/** The file that holds this configuration. */
export function lintConfigText({ hostTags, secrets }: Pick<LintConfig, 'hostTags' | 'secrets'>): string {
  const list = (key: string, items: readonly string[] = []) =>
    items.length === 0 ? '' : `${key}: [${items.map((item) => JSON.stringify(item)).join(', ')}]\n`;
  return `${list('host-tags', hostTags)}${list('secrets', secrets)}`;
}
