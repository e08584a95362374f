/**
 * What the reference's worker makes of a junit file, next to our own reading (SPEC 4.7, which takes the better one):
 * it takes every child of a suite for a case, needs a name for each, looks at a case's first child only, and has no
 * namespaces. Whatever it stumbles over fails its run.
 */
import type { SaxesTagNS } from 'saxes';

interface Element {
  suite: boolean;
  case: boolean;
  children: number;
}

/** What Python's `int` takes. */
const INTEGER = /^\s*[+-]?\d+(_\d+)*\s*$/;

export class ReferenceReading {
  /** Why it fails the run; undefined when it does not. */
  failure: string | undefined;
  readonly #open: Element[] = [];

  open(tag: SaxesTagNS): void {
    const parent = this.#open.at(-1);
    const name = tag.uri === '' ? tag.local : undefined;
    const suite = name === 'testsuite';
    if (parent?.suite && tag.attributes['name'] === undefined) {
      this.failure ??= `each child of a suite is a case to it, and <${tag.name}> has no name`;
    }
    if (parent?.case && parent.children === 0 && (name === 'failure' || name === 'error')) {
      this.failure ??= 'it finds a failure';
    }
    const skipped = suite ? tag.attributes['skipped']?.value : undefined;
    if (skipped !== undefined && !INTEGER.test(skipped)) {
      this.failure ??= `skipped=${JSON.stringify(skipped.slice(0, 40))} is no number`;
    }
    if (parent !== undefined) parent.children += 1;
    this.#open.push({ suite, case: parent?.suite === true, children: 0 });
  }

  close(): void {
    this.#open.pop();
  }
}
