/** The text of a configuration file, in YAML 1.1 as definitions are: reads its values, and collects what is wrong with it. */
import { type LoadedYaml, loadYaml, type YamlObject, type YamlValue } from '../python/index.js';
import { asList, asObject, childPath } from '../schema/index.js';
import type { Diagnostic, Range } from './finding.js';
import { choiceHelp } from './suggest.js';

const START = { line: 1, column: 1, endLine: 1, endColumn: 1 };

export class ConfigText {
  readonly document: LoadedYaml;
  /** In the order in which they were found. */
  readonly faults: Diagnostic[] = [];
  readonly #rule: string;

  /** @param rule the `rule` of the faults */
  constructor(input: string | Uint8Array, rule: string) {
    this.#rule = rule;
    this.document = loadYaml(input);
  }

  /** The mapping that the file is, empty for one that holds only comments; undefined when it is no YAML. */
  root(): YamlObject | undefined {
    const { problem, value, duplicates } = this.document;
    if (problem !== undefined && problem.stage !== 'empty') {
      this.#add('', problem.message, problem.range, problem.help);
      return undefined;
    }
    for (const { path, key, range } of duplicates) this.#add(path, `\`${key}\` is here a second time.`, range);
    return problem === undefined ? this.mapping('', value, 'The file') : {};
  }

  /** A fault of the value at a JSON pointer. */
  fault(path: string, message: string, help?: string): void {
    this.#add(path, message, this.document.locate(path)?.value, help);
  }

  /** A fault of the key at a JSON pointer. */
  keyFault(path: string, message: string, help?: string): void {
    this.#add(path, message, this.document.locate(path)?.key, help);
  }

  /** Names the keys of a mapping that are none of these. */
  checkKeys(path: string, object: YamlObject, keys: readonly string[]): void {
    for (const key of Object.keys(object)) if (!keys.includes(key)) this.unknownKey(path, key, keys);
  }

  /** @param path of the mapping */
  unknownKey(path: string, key: string, keys: readonly string[]): void {
    this.keyFault(childPath(path, key), `There is no key \`${key}\` here.`, choiceHelp(key, keys, 'Keys').help);
  }

  /** @param what begins the message; an empty mapping stands for a value that is none, or not there */
  mapping(path: string, found: YamlValue | undefined, what: string): YamlObject {
    const object = asObject(found);
    if (object === undefined && found !== undefined && found !== null)
      this.fault(path, `${what} has to be a mapping: \`key: value\`, one a line.`);
    return object ?? {};
  }

  /** A list of texts; undefined where there is none. */
  texts(path: string, key: string, found: YamlValue | undefined): string[] | undefined {
    if (found === undefined) return undefined;
    const items = asList(found);
    if (items === undefined) this.fault(path, `\`${key}\` has to be a list: \`${key}: [one, another]\`.`);
    for (const [i, item] of (items ?? []).entries()) this.text(childPath(path, String(i)), item);
    return items?.filter((item) => typeof item === 'string');
  }

  /** A text that is not empty; undefined, with a fault, for anything else. */
  text(path: string, found: YamlValue | undefined): string | undefined {
    if (typeof found === 'string' && found !== '') return found;
    this.fault(path, 'This is not a text in YAML 1.1.', 'Put it in quotes.');
    return undefined;
  }

  /** All faults, in the order of the text. */
  sorted(): Diagnostic[] {
    return this.faults.sort((a, b) => a.line - b.line || a.column - b.column);
  }

  #add(path: string, message: string, range: Range | undefined, help?: string): void {
    const head = { rule: this.#rule, severity: 'error', server: 'accepts' } as const;
    this.faults.push({ ...head, path, message, ...(range ?? START), ...(help !== undefined && { help }) });
  }
}
