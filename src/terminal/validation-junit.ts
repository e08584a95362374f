/** JUnit XML: a test suite for each file, and in it a test case for each finding, or one that is well. */
import type { Diagnostic } from '../lint/finding.js';
import { type JunitCase, type JunitSuite, junitText } from './junit.js';
import { findingsOf, type ReportWriter } from './validation-report.js';

export function junitWriter(): ReportWriter {
  const suites: JunitSuite[] = [];
  return {
    // Its first line has the sums, so that nothing can be written before the end.
    file: (report) => {
      const cases = findingsOf(report).map((finding) => testCase(report.path, finding));
      if (cases.length === 0) cases.push({ name: 'no findings', classname: report.path });
      suites.push({ name: report.path, cases });
      return '';
    },
    end: () => junitText('jobserv validate', suites),
  };
}

/** Only errors are failures: a warning is there to be read, and does not fail a build. */
function testCase(path: string, { rule, severity, server, message, help, line, column }: Diagnostic): JunitCase {
  const text = [`${path}:${line}:${column}: ${severity}: ${message} [${rule}]`, ...(help ? [help] : [])].join('\n');
  return {
    name: `${rule} ${line}:${column}`,
    classname: path,
    file: path,
    line,
    text,
    ...(severity === 'error' ? { outcome: { kind: 'failure', message, type: server } } : {}),
  };
}
