/**
 * Phase 7: `/archive/junit.xml*` as tests (SPEC 4.7). The files are a script's, so they are
 * read as hostile: no entities, bounded size, links not followed.
 */
import { closeSync, fstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SaxesTagPlain } from 'saxes';
import type { Test, TestResult } from '../schema/model.js';
import { openArchived } from './archive.js';
import { type Log, RunFailure, type RunPorts } from './ports.js';
import type { Workspace } from './workspace.js';

/** The largest junit file that is read, bytes: what is in it has to fit into a request to the server. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** How deep elements may nest; real ones stay below ten. */
const DEEPEST = 1_000;

/**
 * Reads every junit file of the archive and reports its tests.
 *
 * @returns the tests, and whether they, or a file that cannot be read, fail the run
 */
export async function reportJunit(
  workspace: Workspace,
  ports: Pick<RunPorts, 'reporter'>,
  log: Log,
): Promise<{ tests: Test[]; failed: boolean }> {
  const tests: Test[] = [];
  let unreadable = false;
  const names = readdirSync(workspace.archive)
    .filter((name) => name.startsWith('junit.xml'))
    .sort();
  for (const name of names) {
    await log.heading(`Reading test results from ${name}`);
    try {
      for (const test of await readJunit(join(workspace.archive, name))) {
        await ports.reporter.test(test);
        tests.push(test);
        await log.info(`Test ${test.name}: ${test.status}, ${test.results.length} result(s)`);
      }
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      await log.warn(`${name}: ${error.message}`);
      unreadable = true;
    }
  }
  return { tests, failed: unreadable || tests.some((test) => test.status === 'FAILED') };
}

async function readJunit(path: string): Promise<Test[]> {
  const file = openArchived(path);
  if (file === undefined) throw new RunFailure('tests', 'not a regular file, so it is not read');
  try {
    const { size } = fstatSync(file);
    if (size > LARGEST_FILE)
      throw new RunFailure('tests', `${size} bytes, more than the ${LARGEST_FILE} that are read`);
    return await parseJunit(readFileSync(file));
  } finally {
    closeSync(file);
  }
}

interface Suite {
  depth: number;
  name: string;
  skipped: number;
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

/** @throws RunFailure(tests) for what is no XML */
export async function parseJunit(bytes: Uint8Array): Promise<Test[]> {
  // CommonJS: a bundle has of it what Node's own loader surely has, the default.
  const { default: saxes } = await import('saxes');
  const parser = new saxes.SaxesParser();
  const reader = new JunitReader();
  parser.on('error', (error) => {
    throw new RunFailure('tests', `no XML that can be read: ${error.message}`);
  });
  parser.on('opentag', (tag) => reader.open(tag));
  parser.on('text', (text) => reader.text(text));
  parser.on('cdata', (text) => reader.text(text));
  parser.on('closetag', (tag) => reader.close(tag.name));
  try {
    parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close();
  } catch (error) {
    if (error instanceof TypeError) throw new RunFailure('tests', 'not UTF-8 text', { cause: error });
    throw error;
  }
  // The reference counts on from one suite of a file to the next; tests of both are to be the same.
  let skipped = 0;
  return reader.suites.map((suite) => {
    skipped += suite.results.filter(({ status }) => status === 'SKIPPED').length;
    return asTest(suite, skipped);
  });
}

/** Follows the elements of one file; a suite may hold suites, a case belongs to the suite right above it. */
class JunitReader {
  /** In the order in which they begin, as the server is to get them. */
  readonly suites: Suite[] = [];
  readonly #open: Suite[] = [];
  #depth = 0;
  #case: Case | undefined;
  /** Whether the last start tag still lacks its end: an element without content is written `<a />`. */
  #unfinished = false;
  /** The failed case that has just been closed: the white space after it is part of its output, as in the reference's. */
  #closed: TestResult | undefined;

  open(tag: SaxesTagPlain): void {
    this.#closed = undefined;
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new RunFailure('tests', `elements nest deeper than ${DEEPEST}`);
    const depth = this.#depth;
    const { name, attributes } = tag;
    if (this.#case === undefined && name === 'testcase' && this.#open.at(-1)?.depth === depth - 1) {
      const { name: title = '', classname: context = null } = attributes;
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
      const skipped = Number.parseInt(attributes['skipped'] ?? '', 10) || 0;
      const suite: Suite = { depth, name: attributes['name'] || 'junit', skipped, results: [] };
      this.suites.push(suite);
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
    const result: TestResult = { name, context, status, output: status === 'FAILED' ? xml : null };
    this.#open.at(-1)?.results.push(result);
    if (status === 'FAILED') this.#closed = result;
    this.#case = undefined;
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
    status: suite.results.some((result) => result.status === 'FAILED') ? 'FAILED' : 'PASSED',
    results: suite.results,
  };
}

function startTag(tag: SaxesTagPlain): string {
  const attributes = Object.entries(tag.attributes).map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`);
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
