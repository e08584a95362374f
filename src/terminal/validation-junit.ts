/** JUnit XML: a test suite for each file, and in it a test case for each finding, or one that is well. */
import { escapeInXml } from '../lib/sanitise.js';
import type { Diagnostic } from '../lint/diagnostic.js';
import { type FileReport, findingsOf, type ReportWriter } from './validation-report.js';

/** Only errors are failures: a warning is there to be read, and does not fail a build. */
export function junitWriter(): ReportWriter {
  const suites: Suite[] = [];
  return {
    // Its first line has the sums, so that nothing can be written before the end.
    file: (report) => {
      suites.push(suite(report));
      return '';
    },
    end: () => {
      const attributes = `name="jobserv validate" tests="${sum(suites, 'tests')}" failures="${sum(suites, 'failures')}" errors="0"`;
      const xml = suites.map((one) => one.xml).join('');
      return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${attributes}>\n${escapeInXml(xml)}</testsuites>\n`;
    },
  };
}

interface Suite {
  xml: string;
  tests: number;
  failures: number;
}

function suite(report: FileReport): Suite {
  const findings = findingsOf(report);
  const name = escapeXml(report.path);
  const cases = findings.map((finding) => testCase(name, finding));
  if (cases.length === 0) cases.push(`    <testcase name="no findings" classname="${name}" time="0"/>\n`);
  const failures = findings.filter(({ severity }) => severity === 'error').length;
  const attributes = `name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="0"`;
  const xml = `  <testsuite ${attributes}>\n${cases.join('')}  </testsuite>\n`;
  return { xml, tests: cases.length, failures };
}

function testCase(path: string, { rule, severity, server, message, help, line, column }: Diagnostic): string {
  const words = escapeXml(message);
  const text = [`${path}:${line}:${column}: ${severity}: ${words} [${rule}]`, ...(help ? [escapeXml(help)] : [])];
  const body =
    severity === 'error'
      ? `<failure message="${words}" type="${server}">${text.join('\n')}</failure>`
      : `<system-out>${text.join('\n')}</system-out>`;
  return `    <testcase name="${rule} ${line}:${column}" classname="${path}" file="${path}" line="${line}" time="0">\n      ${body}\n    </testcase>\n`;
}

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

/** For text and attributes; what XML 1.0 has no form for becomes U+FFFD. */
function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"'\t\n\r]/g, (sign) => ENTITIES[sign] ?? sign)
  );
}

function sum(suites: readonly Suite[], key: 'tests' | 'failures'): number {
  return suites.reduce((total, one) => total + one[key], 0);
}
