/**
 * `settings.conf` as Python's configparser reads it, which wrote it: what a section and a key
 * are, which lines go on, what is a comment, what `%` stands for. The INI libraries for Node
 * cut a value at `#` or `;`, both of which stand in the reference's keys, know no continued
 * lines, and write the file anew. Here a changed value replaces its own lines; all others,
 * comments and what we do not know included, stay as they are.
 */

/** The text is no INI file; the message has the line, never a value. */
export class IniError extends Error {
  override name = 'IniError';
}

interface Option {
  value: string;
  /** Of the file: from the key's line, to the one after the value's last. */
  from: number;
  to: number;
}

const DEFAULTS = 'DEFAULT';
/** As deep as configparser follows `%(name)s`. */
const DEEPEST = 10;
const BREAKS = /\r\n|\r|\n/;

export class Ini {
  #lines: string[];
  #sections = new Map<string, Map<string, Option>>();
  /** The line of each section's header. */
  #headers = new Map<string, number>();

  /** @throws IniError */
  constructor(text: string) {
    this.#lines = text.replace(/^\uFEFF/, '').split(BREAKS);
    if (this.#lines.at(-1) === '') this.#lines.pop();
    this.#parse();
  }

  /** The section's own keys, and those of `[DEFAULT]`; lower case. */
  keys(section: string): string[] {
    const all = [...(this.#sections.get(DEFAULTS)?.keys() ?? []), ...(this.#sections.get(section)?.keys() ?? [])];
    return this.has(section) ? [...new Set(all)] : [];
  }

  has(section: string): boolean {
    return this.#sections.has(section);
  }

  /**
   * @param key in any case
   * @returns the value with what its `%(names)s` stand for; undefined when it is not there
   * @throws IniError for a `%` that stands for nothing
   */
  get(section: string, key: string): string | undefined {
    if (!this.has(section)) return undefined;
    const value = this.#raw(section, key);
    return value === undefined ? undefined : this.#interpolate(section, key, value, 1);
  }

  /** Sets a value, of one line or several. The section is made when it is not there. */
  set(section: string, key: string, value: string): void {
    const found = this.#sections.get(section)?.get(key.toLowerCase());
    const text = `${key} = ${value.replaceAll('%', '%%').replaceAll('\n', '\n\t')}`.trimEnd().split('\n');
    if (found !== undefined) this.#lines.splice(found.from, found.to - found.from, ...text);
    else if (this.has(section)) this.#lines.splice(this.#endOf(section), 0, ...text);
    else this.#lines.push(...(this.#lines.length === 0 ? [] : ['']), `[${section}]`, ...text);
    this.#parse();
  }

  toString(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #raw(section: string, key: string): string | undefined {
    const name = key.toLowerCase();
    return (this.#sections.get(section)?.get(name) ?? this.#sections.get(DEFAULTS)?.get(name))?.value;
  }

  #interpolate(section: string, key: string, value: string, depth: number): string {
    const place = `${key} in [${section}]`;
    if (depth > DEEPEST) throw new IniError(`${place}: its %(names)s go round in a circle`);
    return value.replace(/%(?:(%)|\(([^()]+)\)s)?/g, (_, percent?: string, name?: string) => {
      if (percent !== undefined) return '%';
      if (name === undefined) throw new IniError(`${place}: a % that is meant as such is written %%`);
      const other = this.#raw(section, name);
      if (other === undefined) throw new IniError(`${place}: there is no ${name} that %(${name})s could stand for`);
      return this.#interpolate(section, key, other, depth + 1);
    });
  }

  #endOf(section: string): number {
    const options = [...(this.#sections.get(section)?.values() ?? [])];
    return Math.max((this.#headers.get(section) ?? 0) + 1, ...options.map(({ to }) => to));
  }

  #parse(): void {
    this.#sections = new Map();
    let section: Map<string, Option> | undefined;
    let option: (Option & { parts: string[] }) | undefined;
    let indent = 0;
    for (const [at, line] of this.#lines.entries()) {
      const text = line.trim();
      if (/^[#;]/.test(text)) continue;
      if (text === '') {
        option?.parts.push('');
        continue;
      }
      const depth = line.search(/\S/);
      if (option !== undefined && depth > indent) {
        option.parts.push(text);
      } else {
        indent = depth;
        const header = headerOf(text);
        option = undefined;
        if (header !== undefined) section = this.#open(header, at);
        else option = optionIn(section, text, at);
      }
      if (option === undefined) continue;
      option.to = at + 1;
      option.value = option.parts.join('\n').trimEnd();
    }
  }

  #open(header: string, at: number): Map<string, Option> {
    const known = this.#sections.get(header);
    if (known !== undefined && header !== DEFAULTS) throw new IniError(`line ${at + 1}: [${header}] is repeated`);
    const section = known ?? new Map<string, Option>();
    this.#sections.set(header, section);
    this.#headers.set(header, at);
    return section;
  }
}

const headerOf = (text: string): string | undefined => /^\[(.+)\]/.exec(text)?.[1];

function optionIn(section: Map<string, Option> | undefined, text: string, at: number): Option & { parts: string[] } {
  const line = at + 1;
  if (section === undefined) throw new IniError(`line ${line}: it stands before the first [section]`);
  const [, key = '', value = ''] = /^(.*?)\s*[=:]\s*(.*)$/.exec(text) ?? [];
  if (key === '') throw new IniError(`line ${line}: it is neither a [section] nor "key = value"`);
  const name = key.toLowerCase();
  if (section.has(name)) throw new IniError(`line ${line}: ${name} is repeated in its section`);
  const option = { value, parts: [value], from: at, to: line };
  section.set(name, option);
  return option;
}
