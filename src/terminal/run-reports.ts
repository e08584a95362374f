/** What `--report` writes of runs: the contents of the page, and JUnit. The JSON is that of `--json`. */
import type { ReproducedConsoles, ReproduceResult, RunResult } from '../simulator/results.js';
import type { HtmlReport, ReportedConsole, ReportedRun } from './html-report.js';
import { type JunitCase, type JunitSuite, junitParts } from './junit.js';
import { consoleOf } from './runs-view.js';

type Contents = Omit<HtmlReport, 'made'>;

/** @param again the command that executes the run again */
export function simulationReport(runs: readonly RunResult[], again: (run: RunResult) => string): Contents {
  const reported = runs.map((run) => reportedRun(run, again(run)));
  const [first] = reported;
  const failed = reported.some(({ status }) => status !== 'PASSED');
  const passed = reported.filter(({ status }) => status === 'PASSED').length;
  const alone = reported.length === 1 ? first : undefined;
  return {
    title: alone?.label ?? `${passed} of ${runs.length} runs passed`,
    status: alone?.status ?? (failed ? 'FAILED' : 'PASSED'),
    summary: alone === undefined ? countsOf(reported) : '',
    runs: reported,
  };
}

/** What did not pass, by name: `Failed: ci/test. Not started: ci/deploy.` */
function countsOf(runs: readonly ReportedRun[]): string {
  const states = { FAILED: 'Failed', INTERRUPTED: 'Interrupted', NOT_STARTED: 'Not started' };
  return Object.entries(states)
    .map(([state, title]) => [title, runs.filter(({ status }) => status === state).map(({ label }) => label)] as const)
    .filter(([, labels]) => labels.length > 0)
    .map(([title, labels]) => `${title}: ${labels.join(', ')}.`)
    .join(' ');
}

function reportedRun(run: RunResult, command: string): ReportedRun {
  const label = `${run.trigger}/${run.run}`;
  const path = consoleOf(run);
  return { ...run, label, command, consoles: path === undefined ? [] : [{ path }] };
}

/** @param command that does it again */
export function reproductionReport(result: ReproduceResult, sides: ReproducedConsoles, command: string): Contents {
  const { verdict, reason, server, local, differences, followed = [] } = result;
  const runs = local.map((run, index): ReportedRun => {
    const label = local.length === 1 ? server.run : `${server.run}, replay ${index + 1} of ${local.length}`;
    const compared = index === sides.replay;
    const differs = compared ? { differs: differences.map(({ message }) => message) } : {};
    return { ...run, label, command, ...differs, consoles: compared ? consolesOf(result, sides) : [] };
  });
  runs.push(...followed.map((run) => reportedRun(run, command)));
  if (runs.length === 0) runs.push({ label: server.run, status: server.status, consoles: consolesOf(result, sides) });
  return { title: server.run, status: verdict.toUpperCase(), summary: `${reason} ${server.url}`, runs };
}

function consolesOf({ console }: ReproduceResult, { server, local }: ReproducedConsoles): ReportedConsole[] {
  const side = (title: string, path: string | undefined, line: number | undefined) =>
    path === undefined ? [] : [{ title, path, ...(line === undefined ? {} : { firstDifference: line - 1 }) }];
  const { divergence } = console ?? {};
  return [
    ...side('On the server', server, divergence?.server?.number),
    ...side('Here', local, divergence?.local?.number),
  ];
}

/** What is reported where no run came to a result. */
export function failureReport(command: string, message: string, interrupted: boolean): Contents {
  return { title: command, status: interrupted ? 'INTERRUPTED' : 'FAILED', summary: message, runs: [] };
}

/** A test case for each run, and each run's own tests as suites. */
export function runsJunit(command: string, { title, status, summary, runs }: Contents): Iterable<string> {
  const cases = runs.map(runCase);
  // A command that failed as such must not look like one that had nothing to do.
  if (cases.length === 0) cases.push({ name: title, classname: command, ...outcomeOf({ status, message: summary }) });
  const own = runs.flatMap((run) => (run.tests ?? []).map((test) => testSuite(run.label, test)));
  return junitParts(command, [{ name: 'runs', cases }, ...own]);
}

function runCase(run: ReportedRun): JunitCase {
  const { label, durationMs, consoles } = run;
  const [trigger = ''] = label.split('/', 1);
  const text = [run.message, run.command, ...consoles.map(({ path }) => path)].filter(Boolean).join('\n');
  return {
    name: label,
    classname: trigger,
    ...(durationMs === undefined ? {} : { durationMs }),
    text,
    ...outcomeOf(run),
  };
}

function outcomeOf({ status, cause, message = status }: Pick<ReportedRun, 'status' | 'cause' | 'message'>) {
  if (status === 'PASSED') return {};
  const kind = { NOT_STARTED: 'skipped', INTERRUPTED: 'error' }[status] ?? 'failure';
  return { outcome: { kind: kind as 'skipped', message, ...(cause === undefined ? {} : { type: cause }) } };
}

function testSuite(label: string, test: NonNullable<ReportedRun['tests']>[number]): JunitSuite {
  const results = test.results.length > 0 ? test.results : [{ ...test, output: null }];
  const cases = results.map(({ name, context, status, output }): JunitCase => {
    const kind = { FAILED: 'failure' as const, SKIPPED: 'skipped' as const }[status];
    const message = output?.trim().split('\n', 1)[0] || status;
    return { name, classname: context || label, text: output ?? '', ...(kind && { outcome: { kind, message } }) };
  });
  return { name: `${label}: ${test.name}`, cases };
}
