import { type DocumentSymbol, type Range, SymbolKind } from 'vscode-languageserver';
import type { TriggerView } from '../lint/index.js';
import { type Analysis, contains } from './analysis.js';
import { namesIn } from './names.js';

/** The triggers, with their runs after loops are expanded; then the scripts and script-repos. */
export function symbolsOf(analysis: Analysis): DocumentSymbol[] {
  const { context } = analysis.result;
  const named = namesIn(context).filter(({ kind }) => kind !== 'trigger');
  return [
    ...context.triggers.flatMap((view) => triggerSymbol(analysis, view)),
    ...named.flatMap(({ kind, name, definition: { path } }) => {
      const symbolKind = kind === 'script' ? SymbolKind.Function : SymbolKind.Package;
      return symbol(analysis, { name, detail: kind, kind: symbolKind, path, part: 'key' });
    }),
  ];
}

function triggerSymbol(analysis: Analysis, view: TriggerView): DocumentSymbol[] {
  const { path, name = '', trigger, runs } = view;
  const expanded = analysis.result.context.expanded.get(view) ?? [];
  const children = runs.flatMap(({ path: at, run }) => {
    const base = { kind: SymbolKind.Method, path: at, part: 'value' as const };
    const made = run['loop-on']?.length ? expanded.filter((one) => one.path === at) : [];
    return symbol(analysis, {
      ...base,
      name: run.name ?? '',
      detail: run.container ?? '',
      children: made.flatMap((one) => symbol(analysis, { ...base, name: one.run.name })),
    });
  });
  return symbol(analysis, { name, detail: trigger.type ?? '', kind: SymbolKind.Event, path, part: 'value', children });
}

interface Shown {
  name: string;
  detail?: string;
  kind: SymbolKind;
  path: string;
  /** What an editor selects: the key in front of it, or the name inside of it. */
  part: 'key' | 'value';
  children?: DocumentSymbol[];
}

/** None for what cannot be shown: a symbol needs a name. */
function symbol(analysis: Analysis, { path, part, name, ...rest }: Shown): DocumentSymbol[] {
  const value = analysis.rangeOf({ path, part: 'value' });
  const selected = part === 'key' ? analysis.rangeOf({ path, part }) : analysis.rangeOf({ path: `${path}/name`, part });
  if (value === undefined || name === '') return [];
  const range = part === 'key' && selected ? { start: selected.start, end: value.end } : value;
  const isInside = selected !== undefined && contains(range, selected.start) && contains(range, selected.end);
  // An alias is written elsewhere; editors refuse a selection outside of its symbol.
  if (!isInside)
    return part === 'key' && selected ? [{ ...rest, name, range: selected, selectionRange: selected }] : [];
  return [{ ...rest, name, range, selectionRange: selected satisfies Range }];
}
