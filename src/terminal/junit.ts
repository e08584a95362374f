/** JUnit XML, as CI systems read it. */
import { escapeInXml, printable, withoutSequences } from '../lib/index.js';

export interface JunitSuite {
  name: string;
  cases: JunitCase[];
}

export interface JunitCase {
  name: string;
  classname: string;
  file?: string;
  line?: number;
  durationMs?: number;
  /** Absent for a case that passed. */
  outcome?: { kind: 'failure' | 'error' | 'skipped'; message: string; type?: string };
  /** Goes into the outcome, or else to the case's output. */
  text?: string;
}

/** In parts, no more than a case each: outputs of tests may together be longer than one text can be. */
export function* junitParts(name: string, suites: readonly JunitSuite[]): Generator<string> {
  const cases = suites.flatMap((suite) => suite.cases);
  const head = `name="${oneLine(name)}" tests="${cases.length}" failures="${count(cases, 'failure')}" errors="${count(cases, 'error')}"`;
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n`;
  for (const suite of suites) for (const part of suiteXml(suite)) yield escapeInXml(part);
  yield '</testsuites>\n';
}

function* suiteXml({ name, cases }: JunitSuite): Generator<string> {
  const time = cases.reduce((total, { durationMs = 0 }) => total + durationMs, 0);
  const counts = `tests="${cases.length}" failures="${count(cases, 'failure')}" errors="${count(cases, 'error')}" skipped="${count(cases, 'skipped')}"`;
  yield `  <testsuite name="${oneLine(name)}" ${counts} time="${seconds(time)}">\n`;
  for (const one of cases) yield caseXml(one);
  yield '  </testsuite>\n';
}

function caseXml({ name, classname, file, line, durationMs, outcome, text }: JunitCase): string {
  const place = `${file === undefined ? '' : ` file="${oneLine(file)}"`}${line === undefined ? '' : ` line="${line}"`}`;
  const head = `    <testcase name="${oneLine(name)}" classname="${oneLine(classname)}"${place} time="${seconds(durationMs)}"`;
  if (outcome === undefined && !text) return `${head}/>\n`;
  return `${head}>\n      ${bodyXml(outcome, text)}\n    </testcase>\n`;
}

/** Of an attribute, which nobody reads further; the whole stands in the text. */
const LONGEST_MESSAGE = 10_000;

function bodyXml(outcome: JunitCase['outcome'], text = ''): string {
  const body = text.split('\n').map(escapeXml).join('\n');
  if (outcome === undefined) return `<system-out>${body}</system-out>`;
  const type = outcome.type === undefined ? '' : ` type="${escapeXml(outcome.type)}"`;
  return `<${outcome.kind} message="${escapeXml(outcome.message.slice(0, LONGEST_MESSAGE))}"${type}>${body}</${outcome.kind}>`;
}

const count = (cases: readonly JunitCase[], kind: string) =>
  cases.filter(({ outcome }) => outcome?.kind === kind).length;

const seconds = (ms = 0) => String(Math.round(ms) / 1000);

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** A name, which a person reads in a list. */
const oneLine = (text: string) => escapeXml(printable(text));

/** For text and attributes: escape sequences are left out, and what XML 1.0 has no form for becomes U+FFFD. */
function escapeXml(text: string): string {
  return (
    withoutSequences(text)
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"'\t\n\r]/g, (sign) => ENTITIES[sign] ?? sign)
  );
}
