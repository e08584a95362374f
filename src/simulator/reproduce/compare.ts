/** What is otherwise here than it was on the server: pure. */
import { plural } from '../../lib/index.js';
import type { Test } from '../../schema/index.js';
import type { RunResult } from '../run/run-result.js';
import type { ConsoleComparison } from './compare-consoles.js';
import type { SetupStep } from './console-story.js';
import type { ServerSide } from './server-run.js';

export interface RunDifference {
  kind: 'status' | 'cause' | 'exit-code' | 'test' | 'artifact' | 'console' | 'image' | 'definition';
  /** A sentence. */
  message: string;
  /** What it was, and is; null: not there. */
  server?: string | null;
  local?: string | null;
}

type Local = Pick<RunResult, 'status' | 'cause' | 'exitCode' | 'phases' | 'tests' | 'artifacts'>;

/** Whether a replay ended as the run did: the same status for the same reason, and the same tests failed. */
export function endedAlike(server: ServerSide, local: Local): boolean {
  return endDifferences(server, local).length === 0 && sameFailures(server.tests, local.tests);
}

/** The most important first. */
export function differencesOf(server: ServerSide, local: Local, console: ConsoleComparison): RunDifference[] {
  return [
    ...endDifferences(server, local),
    ...testDifferences(server.tests, local.tests),
    ...artifactDifferences(server, local),
    ...(server.console === null ? [NO_CONSOLE] : consoleDifference(console)),
  ];
}

const NO_CONSOLE: RunDifference = {
  kind: 'console',
  message: 'The server has no console of the run any more: the outputs could not be compared.',
};

function endDifferences(server: ServerSide, local: Local): RunDifference[] {
  if (server.status !== local.status) {
    return [
      difference(
        'status',
        `The run ${server.status} on the server and ${local.status} here.`,
        server.status,
        local.status,
      ),
    ];
  }
  if (server.status === 'PASSED') return [];
  const { cause: there = 'unknown', exitCode: theirs } = server;
  const { cause: here = 'script', exitCode: ours } = local;
  if (there !== here && there !== 'unknown') {
    return [difference('cause', `It failed for another reason: ${there} on the server, ${here} here.`, there, here)];
  }
  if (here === 'setup' && server.setup !== undefined && server.setup !== setupOf(local)) {
    const message = `It could not be set up for another reason: ${STEPS[server.setup]} on the server, ${STEPS[setupOf(local)]} here.`;
    return [difference('cause', message, server.setup, setupOf(local))];
  }
  if (here !== 'script' || theirs === undefined || ours === undefined || theirs === ours) return [];
  const message = `The script exited with ${theirs} on the server, and with ${ours} here.`;
  return [difference('exit-code', message, `${theirs}`, `${ours}`)];
}

/** How far a run came that could not be set up. */
export function setupOf({ phases }: Pick<RunResult, 'phases'>): SetupStep {
  const names = new Set(phases.map(({ name }) => name));
  return names.has('script') ? 'start' : names.has('prepare') ? 'prepare' : 'pull';
}

const STEPS: Readonly<Record<SetupStep, string>> = {
  pull: 'the image could not be pulled',
  prepare: 'what it needs could not be prepared',
  start: 'the container could not be started',
};

/** Status by test and result; results of one name count up. */
function statuses(tests: readonly Test[]): Map<string, string> {
  const all = new Map<string, string>();
  const next = new Map<string, number>();
  const add = (name: string, status: string) => {
    let key = name;
    // From where the last of this name was found free: a server may send a million of one name.
    let n = next.get(name) ?? 2;
    for (; all.has(key); n++) key = `${name} (${n})`;
    next.set(name, n);
    all.set(key, status);
  };
  for (const { name, status, results } of tests) {
    if (results.length === 0) add(name, status);
    for (const result of results) {
      add([name, result.context, result.name].filter(Boolean).join(' › '), result.status);
    }
  }
  return all;
}

/** Of results, and of tests that have none, with the test's name before; sorted. */
export function failedTests(tests: readonly Test[]): string[] {
  return [...statuses(tests)]
    .filter(([, status]) => status === 'FAILED')
    .map(([name]) => name)
    .sort();
}

function sameFailures(server: readonly Test[], local: readonly Test[]): boolean {
  return JSON.stringify(failedTests(server)) === JSON.stringify(failedTests(local));
}

function testDifferences(server: readonly Test[], local: readonly Test[]): RunDifference[] {
  const theirs = statuses(server);
  const ours = statuses(local);
  return [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((name) => {
    const [there = null, here = null] = [theirs.get(name), ours.get(name)];
    if (there === here) return [];
    const message = `Test ${name}: ${there ?? 'not there'} on the server, ${here ?? 'not there'} here.`;
    return [difference('test', message, there, here)];
  });
}

/** By name: what is in them differs for many reasons. */
function artifactDifferences(server: ServerSide, local: Local): RunDifference[] {
  const names = (artifacts: readonly { path: string }[]) =>
    new Set(artifacts.map(({ path }) => path.replace(/^hung-[\d.]+\.txt$/, 'hung-<time>.txt')));
  const theirs = names(server.artifacts);
  const ours = names(local.artifacts);
  const only = (a: Set<string>, b: Set<string>) => [...a].filter((path) => !b.has(path)).sort();
  return [
    ...only(theirs, ours).map((path) =>
      difference('artifact', `The artifact ${path} is only on the server.`, path, null),
    ),
    ...only(ours, theirs).map((path) => difference('artifact', `The artifact ${path} is only here.`, null, path)),
  ];
}

function consoleDifference({ same, divergence }: ConsoleComparison): RunDifference[] {
  if (divergence === undefined) return [];
  const message = `The script's output has ${plural(same, 'line')} in common with the server's, and others that differ.`;
  return [difference('console', message, divergence.server?.text ?? null, divergence.local?.text ?? null)];
}

function difference(
  kind: RunDifference['kind'],
  message: string,
  server: string | null,
  local: string | null,
): RunDifference {
  return { kind, message, server, local };
}
