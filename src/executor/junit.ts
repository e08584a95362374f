/**
 * Phase 7: `/archive/junit.xml*` as tests (SPEC 4.7). The files are a script's, so they are
 * read as hostile: no entities, bounded size, links not followed.
 */
import { closeSync, fstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SaxesTagNS } from 'saxes';
import type { Test, TestResult } from '../schema/model.js';
import { openArchived } from './archive.js';
import { type Log, RunFailure, type RunPorts } from './ports.js';
import { ReferenceReading } from './reference-junit.js';
import type { Workspace } from './workspace.js';

/** The largest junit file that is read, bytes: what is in it has to fit into a request to the server. */
const LARGEST_FILE = 64 * 1024 * 1024;
/** Bytes of all files of a run together. */
const LARGEST_SUM = 128 * 1024 * 1024;
/** Suites and results of a run that are kept; the status of those beyond still counts. */
const MOST_KEPT = 100_000;

/** How deep elements may nest; real ones stay below ten. */
const DEEPEST = 1_000;

export interface JunitReport {
  tests: Test[];
  /** Why the run is FAILED, a sentence; undefined when no result is a failure and every file could be read. */
  failure?: string;
  /** Why the reference's worker fails the run over these files. */
  reference?: string;
}

/** Reads every junit file of the archive and reports its tests. */
export async function reportJunit(
  workspace: Workspace,
  ports: Pick<RunPorts, 'reporter'>,
  log: Log,
): Promise<JunitReport> {
  const tests: Test[] = [];
  const budget = { bytes: LARGEST_SUM, kept: MOST_KEPT };
  let failure: string | undefined;
  let reference: string | undefined;
  const names = readdirSync(workspace.archive)
    .filter((name) => name.startsWith('junit.xml'))
    .sort();
  for (const name of names) {
    await log.heading(`Reading test results from ${name}`);
    try {
      const file = await readJunit(join(workspace.archive, name), budget);
      for (const test of file.tests) {
        tests.push(test);
        if (!hasRoute(test.name)) {
          await log.warn(`Test ${JSON.stringify(test.name)} is not reported: a server has no address for such a name`);
          continue;
        }
        const lost = await ports.reporter.test(test);
        const about = `Test ${test.name}: ${test.status}, ${test.results.length} result(s)`;
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
  return { tests, ...(failure === undefined ? {} : { failure }), ...(reference === undefined ? {} : { reference }) };
}

/** Whether a name can be one part of an address on the server, however it is encoded on the way. */
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
  /** Suites and results that are not kept. */
  left: number;
  /** Why the reference's worker fails the run over it. */
  reference: string | undefined;
}

/** What this program does not read, and the reference's worker does. */
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
  depth: number;
  name: string;
  /** Its attribute. */
  skipped: number;
  /** The results that are SKIPPED. */
  counted: number;
  failed: boolean;
  results: TestResult[];
}

interface Case {
  depth: number;
  name: string;
  context: string | null;
  status: 'PASSED' | 'FAILED' | 'SKIPPED';
  /** The element written out again, up to here. */
  xml: string;
}

/** @throws RunFailure(tests) for what is no XML. @public */
export async function parseJunit(
  bytes: Uint8Array,
  budget: Budget = { bytes: 0, kept: MOST_KEPT },
): Promise<JunitFile> {
  // CommonJS: a bundle has of it what Node's own loader surely has, the default.
  const { default: saxes } = await import('saxes');
  // As the reference's parser: namespaces are checked, and every file is XML 1.0.
  const parser = new saxes.SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const reader = new JunitReader(budget);
  const reference = new ReferenceReading();
  let entities = false;
  parser.on('doctype', (text) => {
    entities = text.includes('<!ENTITY');
  });
  parser.on('error', (error) => {
    if (entities) throw new OnlyHere('tests', 'it declares entities, which are not read');
    throw new RunFailure('tests', `it is no XML that can be read: ${error.message}`);
  });
  parser.on('opentag', (tag) => {
    reader.open(tag);
    reference.open(tag);
  });
  parser.on('text', (text) => reader.text(text));
  parser.on('cdata', (text) => reader.text(text));
  parser.on('closetag', (tag) => {
    reader.close(tag.name);
    reference.close();
  });
  try {
    parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close();
  } catch (error) {
    if (error instanceof TypeError) throw new RunFailure('tests', 'it is not UTF-8 text', { cause: error });
    throw error;
  }
  // The reference counts on from one suite of a file to the next; tests of both are to be the same.
  let skipped = 0;
  const tests = reader.suites.map((suite) => {
    skipped += suite.counted;
    return asTest(suite, skipped);
  });
  const { failed, left } = reader;
  return { tests, failed, left, reference: reference.failure };
}

/** Follows the elements of one file; a suite may hold suites, a case belongs to the suite right above it. */
class JunitReader {
  /** In the order in which they begin, as the server is to get them. */
  readonly suites: Suite[] = [];
  failed: string | undefined;
  left = 0;
  readonly #budget: Budget;
  readonly #open: Suite[] = [];
  #depth = 0;
  #case: Case | undefined;
  /** Whether the last start tag still lacks its end: an element without content is written `<a />`. */
  #unfinished = false;
  /** The failed case that has just been closed: the white space after it is part of its output, as in the reference's. */
  #closed: TestResult | undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  open(tag: SaxesTagNS): void {
    this.#closed = undefined;
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new OnlyHere('tests', `its elements nest deeper than ${DEEPEST}`);
    const depth = this.#depth;
    const name = tag.local;
    const attribute = (key: string) => tag.attributes[key]?.value;
    if (this.#case === undefined && name === 'testcase' && this.#open.at(-1)?.depth === depth - 1) {
      const { name: title = '', context = null } = { name: attribute('name'), context: attribute('classname') };
      this.#case = { depth, name: title, context, status: 'PASSED', xml: '' };
    } else if (this.#case?.depth === depth - 1) {
      if (name === 'failure' || name === 'error') this.#case.status = 'FAILED';
      else if (name === 'skipped' && this.#case.status === 'PASSED') this.#case.status = 'SKIPPED';
    }
    if (this.#case !== undefined) {
      this.#write(startTag(tag));
      this.#unfinished = true;
    }
    if (name === 'testsuite') {
      const skipped = Number.parseInt(attribute('skipped') ?? '', 10) || 0;
      const suite = { depth, name: attribute('name') || 'junit', skipped, counted: 0, failed: false, results: [] };
      if (this.#keep()) this.suites.push(suite);
      this.#open.push(suite);
    }
  }

  text(value: string): void {
    if (this.#case !== undefined) this.#write(escapeText(value));
    else if (this.#closed !== undefined) this.#closed.output += escapeText(value);
  }

  close(name: string): void {
    this.#closed = undefined;
    if (this.#case !== undefined) {
      this.#case.xml += this.#unfinished ? ' />' : `</${name}>`;
      this.#unfinished = false;
      if (this.#case.depth === this.#depth) this.#endCase(this.#case);
    }
    if (this.#open.at(-1)?.depth === this.#depth) this.#open.pop();
    this.#depth -= 1;
  }

  #endCase({ name, context, status, xml }: Case): void {
    this.#case = undefined;
    const suite = this.#open.at(-1);
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

function asTest(suite: Suite, skipped: number): Test {
  return {
    name: suite.name,
    context: `junit.xml skipped=${Math.max(suite.skipped, skipped)}`,
    status: suite.failed ? 'FAILED' : 'PASSED',
    results: suite.results,
  };
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
