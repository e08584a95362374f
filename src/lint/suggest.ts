import { distance } from 'fastest-levenshtein';

/** Choices beyond this many are cut off: nobody reads on. */
const MAX_LISTED = 20;
/** Longer words are not compared: the time grows with the square. */
const MAX_COMPARED = 100;
/** Nor are more choices than this, for a file may be full of words to look up. */
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

/** `hostTag`, `host_tag` and `Host-Tag` are all near to `host-tag`. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** "Did you mean …? …" with the valid choices. */
export function helpWithChoices(word: string, choices: Iterable<string>, what: string): string | undefined {
  const known: string[] = [];
  for (const choice of choices) if (known.push(choice) === MAX_CHOICES) break;
  if (known.length === 0) return undefined;
  const meant = nearest(word, known);
  const list = `${what}: ${known.slice(0, MAX_LISTED).join(', ')}${known.length > MAX_LISTED ? ', …' : ''}.`;
  return meant === undefined ? list : `Did you mean \`${meant}\`? ${list}`;
}

/** A finding about a name that nothing has, with the names that there are. */
export function reference(path: string, message: string, name: string, known: Iterable<string>, what: string) {
  const help = helpWithChoices(name, known, what);
  return { path, message, ...(help !== undefined && { help }) };
}
