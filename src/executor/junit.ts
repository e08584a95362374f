/**
 * Phase 7: `/archive/junit.xml*` as tests (SPEC 4.7). A script wrote these files, so they are not trusted: no
 * entities, bounded size, links not followed. The reference's worker takes every child of a suite for a case, needs a
 * name for each, looks at a case's first child only, knows no namespaces, and fails the run at what it cannot read.
 * SPEC 4.7 takes the better of both readings; that the other fails the run is reported (`reference`).
 */
import { closeSync, fstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SaxesTagNS } from 'saxes';
import { plural } from '../lib/index.js';
import type { Test, TestResult } from '../schema/index.js';
import { openArchived } from './archive.js';
import { type Log, RunFailure, type RunPorts } from './ports.js';
import type { Workspace } from './workspace.js';

/** The largest junit file that is read, bytes: its results must fit into a request to the server. */
const LARGEST_FILE = 64 * 1024 * 1024;
/** Bytes of all files of a run together. */
const LARGEST_SUM = 128 * 1024 * 1024;
/** Suites and results that are kept per run; the status of the others still counts. */
const MOST_KEPT = 100_000;
/** How deep elements may nest; real ones stay below ten. */
const DEEPEST = 1_000;

export interface JunitReport {
  tests: Test[];
  /** Why the run is FAILED, a sentence; undefined when no result is a failure and every file could be read. */
  failure: string | undefined;
  /** Why the reference's worker fails the run because of these files. */
  reference: string | undefined;
}

/** Reads every junit file of the archive and reports its tests. */
export async function reportJunit(
  { archive }: Workspace,
  { reporter }: Pick<RunPorts, 'reporter'>,
  log: Log,
): Promise<JunitReport> {
  const tests: Test[] = [];
  const budget = { bytes: LARGEST_SUM, kept: MOST_KEPT };
  let failure: string | undefined;
  let reference: string | undefined;
  const names = readdirSync(archive).filter((name) => name.startsWith('junit.xml'));
  for (const name of names.sort()) {
    await log.heading(`Reading test results from ${name}`);
    try {
      const file = await readJunit(join(archive, name), budget);
      for (const test of file.tests) {
        tests.push(test);
        if (!hasRoute(test.name)) {
          await log.warn(`Test ${JSON.stringify(test.name)} is not reported: a server has no URL for such a name`);
          continue;
        }
        const lost = await reporter.test(test);
        const about = `Test ${test.name}: ${test.status}, ${plural(test.results.length, 'result')}`;
        if (lost) await log.warn(`${about}; not reported: ${lost}`);
        else await log.info(about);
      }
      if (file.left > 0) await log.warn(`${name}: ${file.left} more suites and results are not kept`);
      if (file.failed !== undefined) failure ??= `${name} holds a failure: ${file.failed}.`;
      if (file.reference !== undefined) reference ??= `in ${name} ${file.reference}`;
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      await log.warn(`${name}: ${error.message}`);
      failure ??= `${name} cannot be read as test results: ${error.message}.`;
      if (!(error instanceof OnlyHere)) reference ??= `it cannot read ${name}`;
    }
  }
  return { tests, failure, reference };
}

/** Whether a name can be one segment of a URL on the server, however it is encoded. */
function hasRoute(name: string): boolean {
  return !name.includes('/') && name !== '.' && name !== '..';
}

interface Budget {
  bytes: number;
  kept: number;
}

interface JunitFile {
  tests: Test[];
  /** The first result that is a failure. */
  failed: string | undefined;
  /** How many suites and results are not kept. */
  left: number;
  reference: string | undefined;
}

/** What the reference's worker reads, and this program does not. */
class OnlyHere extends RunFailure {}

async function readJunit(path: string, budget: Budget): Promise<JunitFile> {
  const file = openArchived(path);
  if (file === undefined) throw new RunFailure('tests', 'it is not a regular file');
  try {
    const { size } = fstatSync(file);
    if (size > LARGEST_FILE) throw new OnlyHere('tests', `it has ${size} bytes, and ${LARGEST_FILE} are read`);
    budget.bytes -= size;
    if (budget.bytes < 0) throw new OnlyHere('tests', `all files together have more than ${LARGEST_SUM} bytes`);
    return await parseJunit(readFileSync(file), budget);
  } finally {
    closeSync(file);
  }
}

interface Suite {
  name: string;
  /** The attribute. */
  skipped: number;
  /** How many results are SKIPPED. */
  counted: number;
  failed: boolean;
  results: TestResult[];
}

interface Case {
  name: string;
  context: string | null;
  status: 'PASSED' | 'FAILED' | 'SKIPPED';
  /** The element written out again, as far as it has been read. */
  xml: string;
}

/** An element that is not closed yet. */
interface Element {
  suite: Suite | undefined;
  case: Case | undefined;
  /** What the reference's worker takes it for. */
  reference: { suite: boolean; case: boolean };
  children: number;
}

/** @throws RunFailure(tests) when it is not XML. @public */
export async function parseJunit(
  bytes: Uint8Array,
  budget: Budget = { bytes: 0, kept: MOST_KEPT },
): Promise<JunitFile> {
  // CommonJS: the default export is the one that a bundle and Node's own loader both have.
  const { default: saxes } = await import('saxes');
  // As the reference's parser: namespaces are checked, and every file is XML 1.0.
  const parser = new saxes.SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const reader = new JunitReader(budget);
  let entities = false;
  parser.on('doctype', (text) => {
    entities = text.includes('<!ENTITY');
  });
  parser.on('error', (error) => {
    if (entities) throw new OnlyHere('tests', 'it declares entities, which are not read');
    throw new RunFailure('tests', `it is no XML that can be read: ${error.message}`);
  });
  parser.on('opentag', (tag) => reader.open(tag));
  parser.on('text', (text) => reader.text(text));
  parser.on('cdata', (text) => reader.text(text));
  parser.on('closetag', (tag) => reader.close(tag.name));
  try {
    parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close();
  } catch (error) {
    if (error instanceof TypeError) throw new RunFailure('tests', 'it is not UTF-8 text', { cause: error });
    throw error;
  }
  // The reference's worker does not reset its count between the suites of a file; the tests must be the same.
  let skipped = 0;
  const tests = reader.suites.map((suite) => {
    skipped += suite.counted;
    const context = `junit.xml skipped=${Math.max(suite.skipped, skipped)}`;
    return { name: suite.name, context, status: suite.failed ? 'FAILED' : 'PASSED', results: suite.results };
  });
  const { failed, left, reference } = reader;
  return { tests, failed, left, reference };
}

/** What Python's `int` accepts. */
const INTEGER = /^\s*[+-]?\d+(_\d+)*\s*$/;

/** Follows the elements of one file; a suite may hold suites, a case belongs to the suite right above it. */
class JunitReader {
  /** In the order in which they begin, as the server gets them. */
  readonly suites: Suite[] = [];
  failed: string | undefined;
  reference: string | undefined;
  left = 0;
  readonly #budget: Budget;
  readonly #open: Element[] = [];
  #case: Case | undefined;
  /** Whether the last start tag lacks its end: an element without content is written `<a />`. */
  #unfinished = false;
  /** The failed case that was closed last: the white space after it is part of its output, as in the reference's. */
  #closed: TestResult | undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  open(tag: SaxesTagNS): void {
    if (this.#open.length === DEEPEST) throw new OnlyHere('tests', `its elements nest deeper than ${DEEPEST}`);
    this.#closed = undefined;
    const parent = this.#open.at(-1);
    const reference = this.#readAsReference(tag, parent);
    const name = tag.local;
    const attribute = (key: string) => tag.attributes[key]?.value;
    let opened: Case | undefined;
    if (this.#case === undefined && name === 'testcase' && parent?.suite !== undefined) {
      opened = { name: attribute('name') ?? '', context: attribute('classname') ?? null, status: 'PASSED', xml: '' };
      this.#case = opened;
    } else if (this.#case !== undefined && this.#case === parent?.case) {
      if (name === 'failure' || name === 'error') this.#case.status = 'FAILED';
      else if (name === 'skipped' && this.#case.status === 'PASSED') this.#case.status = 'SKIPPED';
    }
    if (this.#case !== undefined) {
      this.#write(startTag(tag));
      this.#unfinished = true;
    }
    let suite: Suite | undefined;
    if (name === 'testsuite') {
      const skipped = Number.parseInt(attribute('skipped') ?? '', 10) || 0;
      suite = { name: attribute('name') || 'junit', skipped, counted: 0, failed: false, results: [] };
      if (this.#keep()) this.suites.push(suite);
    }
    this.#open.push({ suite, case: opened, reference, children: 0 });
  }

  text(value: string): void {
    if (this.#case !== undefined) this.#write(escapeText(value));
    else if (this.#closed !== undefined) this.#closed.output += escapeText(value);
  }

  close(name: string): void {
    this.#closed = undefined;
    const element = this.#open.pop();
    if (this.#case === undefined) return;
    this.#case.xml += this.#unfinished ? ' />' : `</${name}>`;
    this.#unfinished = false;
    if (this.#case === element?.case) this.#endCase(this.#case, this.#open.at(-1)?.suite);
  }

  #readAsReference(tag: SaxesTagNS, parent: Element | undefined): Element['reference'] {
    const name = tag.uri === '' ? tag.local : undefined;
    const suite = name === 'testsuite';
    if (parent?.reference.suite && tag.attributes['name'] === undefined) {
      this.reference ??= `each child of a suite is a case to it, and <${tag.name}> has no name`;
    }
    if (parent?.reference.case && parent.children === 0 && (name === 'failure' || name === 'error')) {
      this.reference ??= 'it finds a failure';
    }
    const skipped = suite ? tag.attributes['skipped']?.value : undefined;
    if (skipped !== undefined && !INTEGER.test(skipped)) {
      this.reference ??= `skipped=${JSON.stringify(skipped.slice(0, 40))} is no number`;
    }
    if (parent !== undefined) parent.children += 1;
    return { suite, case: parent?.reference.suite === true };
  }

  #endCase({ name, context, status, xml }: Case, suite: Suite | undefined): void {
    this.#case = undefined;
    if (suite === undefined) return;
    if (status === 'SKIPPED') suite.counted += 1;
    if (status === 'FAILED') {
      suite.failed = true;
      this.failed ??= `${JSON.stringify(name.slice(0, 200))} in the suite ${JSON.stringify(suite.name.slice(0, 200))}`;
    }
    if (!this.#keep()) return;
    const result: TestResult = { name, context, status, output: status === 'FAILED' ? xml : null };
    suite.results.push(result);
    if (status === 'FAILED') this.#closed = result;
  }

  #keep(): boolean {
    if (this.#budget.kept > 0) {
      this.#budget.kept -= 1;
      return true;
    }
    this.left += 1;
    return false;
  }

  #write(xml: string): void {
    if (this.#case === undefined) return;
    this.#case.xml += this.#unfinished ? `>${xml}` : xml;
    this.#unfinished = false;
  }
}

function startTag(tag: SaxesTagNS): string {
  const attributes = Object.values(tag.attributes).map(({ name, value }) => ` ${name}="${escapeAttribute(value)}"`);
  return `<${tag.name}${attributes.join('')}`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function escapeAttribute(text: string): string {
  return escapeText(text)
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#09;');
}
