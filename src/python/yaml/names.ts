import type { Node } from './nodes.js';
import { clip } from './positions.js';
import { KIND, type Token, type TokenStream, tokenFault } from './tokens.js';

const DEFAULT_HANDLES: [string, string][] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/** What stands before a node. */
interface Properties {
  /** Offset where they end. */
  end: number;
  anchor: Token | undefined;
  /** Resolved; undefined without a tag, `!` for the one that asks for the default type. */
  tag: string | undefined;
}

/** What names mean in a document: the handles of tags, and the anchors seen so far. */
export class DocumentNames {
  #handles = new Map(DEFAULT_HANDLES);
  readonly #anchors = new Map<string, Node>();

  /** Reads the `%` lines in front of a document. */
  readDirectives(stream: TokenStream): void {
    const given = new Map<string, string>();
    let version = false;
    while (stream.isNext(KIND.directive)) {
      const directive = stream.take();
      const { handle, value } = directive;
      if (handle !== undefined) {
        if (given.has(handle)) throw tokenFault(directive, `The handle '${clip(handle)}' is declared a second time.`);
        given.set(handle, value);
      } else if (value === 'YAML') {
        if (version) throw tokenFault(directive, 'The version of YAML is declared a second time.');
        version = true;
      }
    }
    this.#handles = new Map([...DEFAULT_HANDLES, ...given]);
  }

  /** An anchor, a tag or both in either order; undefined when none stands here. */
  readProperties(stream: TokenStream): Properties | undefined {
    if (!stream.isNext(KIND.anchor, KIND.tag)) return undefined;
    const first = stream.take();
    const second = stream.isNext(first.kind === KIND.anchor ? KIND.tag : KIND.anchor) ? stream.take() : undefined;
    const [anchor, tag] = first.kind === KIND.anchor ? [first, second] : [second, first];
    return { end: (second ?? first).end, anchor, tag: tag && this.#resolveTag(tag) };
  }

  #resolveTag(tag: Token): string {
    if (tag.handle === undefined) return tag.value;
    const prefix = this.#handles.get(tag.handle);
    if (prefix === undefined) {
      const help = "Put the value in quotes if it is meant to begin with '!'.";
      throw tokenFault(tag, `The handle of this tag, '${clip(tag.handle)}', is not declared.`, help);
    }
    return prefix + tag.value;
  }

  /** Gives the node a name. The name is valid at once: a collection may refer to itself. */
  define<N extends Node>(anchor: Token | undefined, node: N): N {
    if (anchor === undefined) return node;
    const first = this.#anchors.get(anchor.value);
    if (first !== undefined) {
      const message = `The anchor '&${clip(anchor.value)}' is defined a second time.`;
      throw tokenFault(anchor, message, 'Give each anchor a name of its own.').because('First defined here.', first);
    }
    this.#anchors.set(anchor.value, node);
    return node;
  }

  lookUp(alias: Token): Node {
    const node = this.#anchors.get(alias.value);
    if (node !== undefined) return node;
    const name = clip(alias.value);
    const help = `Define it with '&${name}' further up, or put the value in quotes.`;
    throw tokenFault(alias, `The alias '*${name}' refers to no anchor above it.`, help);
  }
}
