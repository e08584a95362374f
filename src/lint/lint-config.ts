/** What a repository says to the linter, in `.jobserv-lint.yml`. */
import type { Severity } from './diagnostic.js';

export interface LintConfig {
  /** The host-tags that the server's workers have; with them a rule can tell one that none has. */
  hostTags?: readonly string[];
  /** The names of the secrets that the server has for this project. */
  secrets?: readonly string[];
  /** How much the findings of a rule weigh here, by its id. */
  rules: ReadonlyMap<string, Severity | 'off'>;
}

/** Where there is no file. */
export const NO_CONFIG: LintConfig = { rules: new Map() };

/** The file that would say so. */
export function lintConfigText({ hostTags, secrets }: Pick<LintConfig, 'hostTags' | 'secrets'>): string {
  const list = (key: string, items: readonly string[] = []) =>
    items.length === 0 ? '' : `${key}: [${items.map((item) => JSON.stringify(item)).join(', ')}]\n`;
  return `${list('host-tags', hostTags)}${list('secrets', secrets)}`;
}
