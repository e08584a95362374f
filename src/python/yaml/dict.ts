import { type Constructed, type DictData, type Node, type Pair, PyFloat, type Scalar } from './nodes.js';
import { TOO_LONG } from './python-numbers.js';

interface Entry {
  pair: Pair;
  /** The key as JSON has it; undefined where JSON has none. */
  text: string | undefined;
  /** The first key node that stands in the mapping itself, not in something merged. */
  own: Node | undefined;
}

/** A Python dict on its way to a JSON object: keys by Python's equality first, then by their JSON form. */
export class Dict {
  readonly #entries = new Map<unknown, Entry>();
  #badKey: DictData['badKey'];

  /**
   * Adds a pair, or replaces the value of an equal key: the first key keeps its name and place, the last value wins.
   *
   * @param own the pair stands in the mapping itself and was not merged
   * @returns the earlier key of the mapping itself, when there is one
   */
  add(key: Constructed, pair: Pair, own: boolean): { text: string; node: Node } | undefined {
    const text = key.kind === 'scalar' ? keyText(key.value) : undefined;
    if (text === undefined)
      this.#badKey ??= {
        node: pair.key,
        type: key.kind === 'foreign' ? key.type : 'a number of more than 4300 digits',
      };
    // A key that JSON does not have collides with nothing: the document fails anyway.
    const identity = key.kind === 'scalar' ? keyIdentity(key.value) : key;
    const known = this.#entries.get(identity);
    if (known === undefined) {
      this.#entries.set(identity, { pair, text, own: own ? pair.key : undefined });
      return undefined;
    }
    known.pair = pair;
    if (!own) return undefined;
    const first = known.own;
    known.own ??= pair.key;
    return first && { text: known.text ?? '', node: first };
  }

  finish(): DictData {
    const entries = new Map<string, Pair>();
    for (const { text, pair } of this.#entries.values()) if (text !== undefined) entries.set(text, pair);
    return { kind: 'dict', entries, badKey: this.#badKey };
  }
}

/** What Python compares keys by: `1`, `1.0` and `true` are the same key, `"1"` is another one. */
function keyIdentity(value: Scalar): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (!(value instanceof PyFloat)) return value;
  const { value: number } = value;
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? BigInt(number) : number;
}

/** The name that JSON gives to a key; undefined for whole numbers that are too long to be written. */
function keyText(value: Scalar): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof PyFloat) return value.toJsonText();
  if (typeof value === 'bigint') return bigintText(value);
  return String(value);
}

/** A whole number in decimal; undefined when it has more digits than Python writes. */
export function bigintText(value: bigint): string | undefined {
  if (value >= TOO_LONG || value <= -TOO_LONG) return undefined;
  return value.toString();
}
