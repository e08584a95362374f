/** What rules find in a definition, each at its place. */

import type { LoadedYaml } from '../python/yaml/load.js';
import { asObject, childPath, valueAt } from '../schema/values.js';
import type { CheckContext } from './context.js';
import type { Diagnostic, Range } from './diagnostic.js';
import type { Finding, Place, Rule } from './rule.js';

/** Of one rule after the other; what an alias or a merge repeats is told once. */
export function findingsOf(rules: readonly Rule[], context: CheckContext): Diagnostic[] {
  return rules.flatMap((rule) => {
    const found = new Map<string, Diagnostic>();
    for (const finding of rule.check(context)) {
      const diagnostic = diagnosticOf(rule, finding, context.document);
      const key = `${diagnostic.line}:${diagnostic.column} ${diagnostic.message}`;
      if (!found.has(key)) found.set(key, diagnostic);
    }
    return [...found.values()];
  });
}

export const isRejection = ({ server }: Diagnostic): boolean => server === 'rejects';

export const byPlace = (a: Range, b: Range): number => a.line - b.line || a.column - b.column;

function diagnosticOf(rule: Rule, finding: Finding, document: LoadedYaml): Diagnostic {
  const { path, related, fix } = finding;
  const message = withShortQuotes(finding.message);
  const help = finding.help === undefined ? undefined : withShortQuotes(finding.help);
  return {
    rule: rule.id,
    severity: finding.severity ?? rule.severity,
    server: finding.server ?? rule.server,
    message,
    path,
    ...(finding.range ?? rangeOf(finding, document)),
    ...(help !== undefined && { help }),
    ...(related && {
      related: related.map((place) => ({ message: place.message, ...(place.range ?? rangeOf(place, document)) })),
    }),
    ...(fix && { fix }),
  };
}

/** Characters between backticks; of longer ones the beginning is shown. */
const LONGEST_QUOTE = 300;
const SHOWN_QUOTE = 100;

/** Nobody reads a megabyte that stands where a name should. */
function withShortQuotes(text: string): string {
  if (text.length <= LONGEST_QUOTE) return text;
  return text.replace(/`[^`]+`/g, (quote) =>
    quote.length > LONGEST_QUOTE ? `${quote.slice(0, SHOWN_QUOTE)}…\`` : quote,
  );
}

/** The token that a complaint stands under. */
function rangeOf({ path, at = 'value' }: Place, document: LoadedYaml): Range {
  const place = document.locate(path);
  if (place === undefined) return { line: 1, column: 1, endLine: 1, endColumn: 1 };
  const { value, key } = place;
  if (at === 'whole') return wholeRange(path, document) ?? key ?? value;
  if (key === undefined) return value;
  // Where there is no text to point at, or too much of it, the key says what is meant.
  const empty = value.line === value.endLine && value.column === value.endColumn;
  return at === 'key' || empty || value.endLine > value.line ? key : value;
}

/** An element of a list is known by its name, else by its first key; a mapping below a key by that key. */
function wholeRange(path: string, document: LoadedYaml): Range | undefined {
  const object = asObject(valueAt(document.value, path));
  const element = document.locate(path)?.key === undefined;
  if (object === undefined || !element) return undefined;
  const [first] = Object.keys(object);
  if (typeof object['name'] === 'string') return document.locate(`${path}/name`)?.value;
  return first === undefined ? undefined : document.locate(childPath(path, first))?.key;
}
