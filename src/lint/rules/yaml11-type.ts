import type { LoadedYaml, YamlProblem } from '../../python/index.js';
import { asObject, childPath, valueAt } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Edit, Finding, Range } from '../finding.js';
import { locatedText } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { isTagged, kindOf, plainScalar } from './wrong-type.js';
import { isDate, problemFinding } from './yaml-syntax.js';

const ACCEPTED = { severity: 'warning', server: 'misbehaves' } as const;

export const yaml11Type: RuleCheck = {
  id: 'yaml11-type',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    const { faults, document } = context;
    for (const fault of faults) {
      const layout = plainScalar(context, fault);
      if (layout === undefined || fault.kind !== 'wrong-type') continue;
      const { path, value } = fault;
      const message = `\`${layout.raw}\` is ${kindOf(value)} to YAML 1.1; a text is needed.`;
      const fix = quotes(document, layout.range, layout.raw);
      yield { path, message, help: `Put it in quotes: "${layout.raw}".`, fix };
    }
    const { problem, dates } = document;
    for (const date of dates) yield dateFinding(document, date);
    if (problem && dates.length === 0 && isDate(context)) yield dateFinding(document, problem);
    yield* surprisingTimeout(context);
    yield* surprisingKeys(context);
  },
};

function dateFinding(document: LoadedYaml, problem: YamlProblem): Finding {
  const fix = quotes(document, problem.range, locatedText(document, problem.range) ?? '');
  return { path: '', ...problemFinding(problem), fix };
}

/** The only whole number in a definition; in base 60 or 8 it is probably not what was meant. */
function* surprisingTimeout({ document, root }: CheckContext): Generator<Finding> {
  const value = root?.timeout;
  if (typeof value !== 'number') return;
  const layout = document.layout('/timeout');
  if (layout?.style !== 'plain' || !/:|^[-+]?0[0-9_]/.test(layout.raw)) return;
  yield {
    path: '/timeout',
    ...ACCEPTED,
    message: `\`${layout.raw}\` is the number ${value} to YAML 1.1, so the limit is ${value} minutes.`,
    help: `Write \`${value}\` if that is what you mean.`,
  };
}

/** Keys that the author chooses become YAML values, and then texts in JSON: `yes` becomes `true`. */
function* surprisingKeys(context: CheckContext): Generator<Finding> {
  for (const path of namedMaps(context)) {
    for (const { key, raw } of untexts(context, path)) {
      // Another rule reports a key that a run names by its text in the file.
      if (isNamed(context, path, raw)) continue;
      yield {
        path: childPath(path, key),
        at: 'key',
        ...ACCEPTED,
        message: `Without quotes \`${raw}\` is not a text in YAML 1.1; the server gets the key \`${key}\`.`,
        help: `Put it in quotes: "${raw}".`,
      };
    }
  }
}

function isNamed({ runs }: CheckContext, path: string, name: string): boolean {
  if (path === '/scripts') return runs.some(({ run }) => run.script === name);
  return path === '/script-repos' && runs.some(({ run }) => run['script-repo']?.name === name);
}

/** Pointers to the mappings whose keys are names of the author's choice. */
function namedMaps({ triggers, runs }: CheckContext): string[] {
  return [
    ...['/params', '/scripts', '/script-repos'],
    ...triggers.map(({ path }) => `${path}/params`),
    ...runs.flatMap(({ path }) => [`${path}/params`, `${path}/test-grepping/fixupdict`]),
  ];
}

/** Puts the text in quotes, unless a tag stands before it, which counts anyway. */
function quotes(document: LoadedYaml, range: Range, raw: string): Edit | undefined {
  return /^[\w.:+-]+$/.test(raw) && !isTagged(document, range) ? { range, text: `"${raw}"` } : undefined;
}

/** The keys of a mapping whose text in the file is another one. */
function* untexts(context: CheckContext, path: string) {
  for (const key of Object.keys(asObject(valueAt(context.document.value, path)) ?? {})) {
    const raw = untextKey(context, path, key);
    if (raw !== undefined) yield { key, raw };
  }
}

/** The text in the file of a key that is not a text in YAML; undefined for any other key. */
export function untextKey({ document }: CheckContext, path: string, key: string): string | undefined {
  if (!UNTEXT.test(key)) return undefined;
  const range = document.locate(childPath(path, key))?.key;
  const raw = range && locatedText(document, range);
  return raw !== undefined && raw !== key && /^[\w.:+~-]+$/.test(raw) ? raw : undefined;
}

/** The key that stands for a name because the name has no quotes in the file. */
export function unquotedKey(context: CheckContext, list: 'scripts' | 'script-repos', name: string): string | undefined {
  for (const { key, raw } of untexts(context, `/${list}`)) if (raw === name) return key;
  return undefined;
}

/** Keys that may come from another value than a text. */
const UNTEXT = /^(?:true|false|null|NaN|-?Infinity|-?\d[\d.e+-]*)$/;
