import type { Location, Position, Range, TextEdit } from 'vscode-languageserver';
import { applyEdits, changedBy, check, renameEdit } from '../lint/index.js';
import { Positions } from '../python/index.js';
import type { Analysis, WrittenPlace } from './analysis.js';
import { type Named, namesAt, namesIn } from './names.js';

/** Where the definition of the name at a position is. */
export function definitionsOf(analysis: Analysis, position: Position, uri: string): Location[] {
  const named = namesAt(analysis.result.context, analysis.at(position));
  return locations(
    analysis,
    named.map(({ definition }) => definition),
    uri,
  );
}

/** All places that refer to the name at a position. */
export function referencesTo(
  analysis: Analysis,
  position: Position,
  { uri, declaration }: { uri: string; declaration: boolean },
): Location[] {
  const named = namesAt(analysis.result.context, analysis.at(position));
  const places = named.flatMap(({ definition, references }) => [...(declaration ? [definition] : []), ...references]);
  return locations(analysis, places, uri);
}

/** Each once: an alias is where its value is written. */
function locations(analysis: Analysis, places: readonly WrittenPlace[], uri: string): Location[] {
  const found = new Map<string, Location>();
  for (const place of places) {
    const range = analysis.rangeOf(place);
    if (range) found.set(JSON.stringify(range), { uri, range });
  }
  return [...found.values()];
}

/** Why something cannot be renamed, for the person who wants to. */
export class RenameError extends Error {}

/** The name that would be replaced at a position; undefined where nothing can be renamed. */
export function renamedAt(analysis: Analysis, position: Position): { range: Range; placeholder: string } | undefined {
  const place = analysis.at(position);
  const [named] = namesAt(analysis.result.context, place);
  const range = place && analysis.rangeOf(place);
  return named && range && { range, placeholder: named.name };
}

/**
 * The edits that give a script, script-repo or trigger another name, at all places that have the old one.
 *
 * @throws RenameError where they would change something else, or miss a place
 */
export function renameTo(analysis: Analysis, position: Position, name: string): TextEdit[] {
  const { context, document } = analysis.result;
  const [named, ...others] = namesAt(context, analysis.at(position));
  if (named === undefined) throw new RenameError('Only scripts, script-repos and triggers can be renamed.');
  const places = [named.definition, ...named.references];
  if (others.length > 0 || places.some(({ exact }) => !exact))
    throw new RenameError(`A loop fills in the name \`${named.name}\` where it is used. Rename it by hand.`);
  refuseBadName(named, name, namesIn(context));
  const edits = places.map(({ path, part }) => renameEdit(document, path, part, name));
  const written = edits.filter((edit) => edit !== undefined);
  if (written.length < edits.length)
    throw new RenameError(`\`${named.name}\` is written over several lines somewhere. Rename it by hand.`);
  const once = [...new Map(written.map((edit) => [JSON.stringify(edit.range), edit])).values()];
  const after = check(applyEdits(analysis.text, once, new Positions(analysis.text)), analysis.config);
  const changed = changedBy(analysis.result, after, once);
  const expected = new Set(places.map(({ path }) => path));
  if (changed === undefined || [...changed].some((path) => !expected.has(path)))
    throw new RenameError(`Renaming \`${named.name}\` would change something else, by an alias or a repeated key.`);
  return once.map(({ range, text }) => ({ range: analysis.editorRange(range), newText: text }));
}

function refuseBadName({ kind, name: old }: Named, name: string, all: readonly Named[]): void {
  if (name === '' || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) throw new RenameError('A name is one line of text.');
  if (name !== old && all.some((other) => other.kind === kind && other.name === name))
    throw new RenameError(`There is a ${kind} \`${name}\` already.`);
}
