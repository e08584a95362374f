import { distance } from 'fastest-levenshtein';
import type { Finding } from './finding.js';

/** How many choices a help text lists. */
const MAX_LISTED = 20;
/** Longer words are not compared: the time grows with the square. */
const MAX_COMPARED = 100;
/** How many choices are compared: a file may be full of words to look up. */
const MAX_CHOICES = 200;

/** The choice that was probably meant, if one is near enough. */
export function nearest(word: string, choices: Iterable<string>): string | undefined {
  if (word.length > MAX_COMPARED) return undefined;
  const wanted = plain(word);
  let best: string | undefined;
  let left = MAX_CHOICES;
  // Two letters in the wrong order are two steps.
  let bestDistance = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3)) + 1;
  for (const choice of choices) {
    if (left-- === 0) break;
    if (Math.abs(choice.length - word.length) >= bestDistance + 2 || choice === '') continue;
    const far = distance(wanted, plain(choice));
    if (far < bestDistance) [best, bestDistance] = [choice, far];
  }
  return best;
}

/** `hostTag`, `host_tag` and `Host-Tag` all become `hosttag`. */
export function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** "Did you mean …? …" with the valid choices, and the one that was probably meant; nothing if there are no choices. */
export function choiceHelp(word: string, choices: Iterable<string>, what: string): Pick<Finding, 'help' | 'meant'> {
  const all: string[] = [];
  for (const choice of choices) if (all.push(choice) === MAX_CHOICES) break;
  if (all.length === 0) return {};
  const instead = nearest(word, all);
  const list = `${what}: ${all.slice(0, MAX_LISTED).join(', ')}${all.length > MAX_LISTED ? ', …' : ''}.`;
  return instead === undefined
    ? { help: list }
    : { help: `${didYouMean(instead)} ${list}`, meant: { name: word, instead } };
}

export function didYouMean(word: string): string {
  return `Did you mean \`${word}\`?`;
}

/** A finding about a name that does not exist, with the names that do. */
export function reference(path: string, message: string, name: string, names: Iterable<string>, what: string): Finding {
  return { path, message, ...choiceHelp(name, names, what) };
}
